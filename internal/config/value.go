package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// scalar fills v from one plain value.
func (d *decoder) scalar(n *yaml.Node, sh *shape, f *field, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.wrongType(n, sh, f, path)
		return
	}
	at := d.places[path]
	text, shown := n.Value, n.Value
	fromEnv := n.Tag == "!!str" && strings.Contains(text, "${")
	if fromEnv {
		expanded, err := expand(text, d.environment)
		if err != nil {
			d.spoil(at, path, "%v", err)
			return
		}
		text = expanded
	}
	if sh.kind == kindSecret {
		shown = hidden
		d.secrets = append(d.secrets, text) // also where it cannot be used: an alias may repeat it
	}
	if !fromEnv && !tagFits(n, sh) {
		d.wrongType(n, sh, f, path)
		return
	}
	if err := setText(v, sh, text, shown); err != nil {
		d.spoil(at, path, "%v", err)
		return
	}
	if f != nil {
		d.constrain(f, sh, v, text, shown, path)
	}
}

// tagFits reports whether YAML's type of the value fits the field. For example 3.8 is a
// number to every other program that reads the file, so a version must be quoted.
func tagFits(n *yaml.Node, sh *shape) bool {
	switch sh.kind {
	case kindBool:
		return n.Tag == "!!bool"
	case kindInt, kindUint:
		return n.Tag == "!!int"
	case kindFloat:
		return n.Tag == "!!int" || n.Tag == "!!float"
	case kindDuration:
		return n.Tag == "!!str" || n.Tag == "!!int" && n.Value == "0"
	}
	return n.Tag == "!!str" || n.Tag == "!!timestamp" || n.Tag == "!!merge"
}

// constrain checks the bounds in the tags of the field.
func (d *decoder) constrain(f *field, sh *shape, v reflect.Value, text, shown, path string) {
	at := d.places[path]
	if len(f.enum) > 0 && !slices.Contains(f.enum, text) {
		hint, _ := didYouMean(shown, f.enum)
		d.spoil(at, path, "%s is not allowed; %suse one of: %s", quote(shown), hint, strings.Join(f.enum, ", "))
	}
	if msg := f.checkBounds(v, sh, shown); msg != "" {
		d.problem(at, path, "%s", msg)
	}
	if len(f.refs) > 0 && text != "" {
		d.uses = append(d.uses, use{path: path, at: at, name: text, shown: shown, sections: f.refs})
	}
}
