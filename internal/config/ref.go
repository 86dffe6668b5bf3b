package config

import (
	"fmt"
	"reflect"
	"strings"
)

// use is one mention of an item of another section.
type use struct {
	path, name, shown string
	at                place
	sections          []string
}

// names collects the names of a section's items and refuses a name given twice.
func (d *decoder) names(key string, sh *shape, items reflect.Value) []string {
	f := sh.field("name")
	if f == nil || f.shape.kind != kindString {
		return nil
	}
	var names []string
	first := map[string]int{}
	for i := range items.Len() {
		name := items.Index(i).FieldByIndex(f.index).String()
		if name == "" {
			continue
		}
		path := fmt.Sprintf("%s[%d].name", key, i)
		if j, twice := first[name]; twice {
			other := fmt.Sprintf("%s[%d]", key, j)
			d.problem(d.nearest(path), path, "%s is the name of %s already, on line %d; give each item of %s a name of its own",
				quote(name), other, d.nearest(other+".name").line, key)
			continue
		}
		first[name] = i
		names = append(names, name)
	}
	return names
}

// resolve checks what ref fields name, after every section has been read. A section that
// the program did not register cannot be checked; see Lint.
func (d *decoder) resolve(names map[string][]string) {
	for _, u := range d.uses {
		var exist []string
		found, asked := false, false
		for _, section := range u.sections {
			list, ok := names[section]
			asked = asked || ok
			for _, name := range list {
				found = found || name == u.name
			}
			exist = append(exist, list...)
		}
		where := strings.Join(u.sections, " or ")
		switch {
		case found || !asked:
		case len(exist) == 0:
			d.problem(u.at, u.path, "%s is not the name of an item of %s, which has none; add it there", quote(u.shown), where)
		default:
			hint, _ := didYouMean(u.shown, exist)
			d.problem(u.at, u.path, "%s is not the name of an item of %s; %sthose are: %s", quote(u.shown), where, hint, strings.Join(exist, ", "))
		}
	}
}
