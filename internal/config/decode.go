package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place is a position in the file.
type place struct{ line, col int }

func placeOf(n *yaml.Node) place { return place{n.Line, n.Column} }

// enough is how many problems a report holds. A file with more is not a config file.
const enough = 1000

// decoder fills values from YAML nodes. It keeps the place of every path, so that a later
// problem, such as one of Validate, has a position.
type decoder struct {
	name, dir string
	lookup    func(string) (string, bool)

	files    []source // once all are read; places count their lines over all of them
	places   map[string]place
	problems []Problem
	blamed   map[string]bool // paths that have a problem
	spoiled  int             // how many values are missing or could not be read
	uses     []use           // what ref fields name
	secrets  []string
	fromEnv  map[string]string // values of environment variables, and how the file writes them

	following map[*yaml.Node]bool // aliases that are being followed
	allowance int                 // how many more nodes aliases may bring
	halted    bool
}

func newDecoder(name, dir string, lookup func(string) (string, bool)) *decoder {
	return &decoder{
		name: name, dir: dir, lookup: lookup,
		places: map[string]place{"": {1, 1}}, blamed: map[string]bool{},
		following: map[*yaml.Node]bool{}, allowance: 100_000, fromEnv: map[string]string{},
	}
}

func (d *decoder) problem(at place, path, format string, args ...any) {
	if d.halted {
		return
	}
	if len(d.problems) >= enough {
		d.halted = true
		path, format, args = "", "more problems follow; these are the first %d", []any{enough}
	}
	d.blamed[path] = true
	name := d.name
	if len(d.files) > 0 && at.line > 0 {
		file := fileOf(d.files, at.line)
		name, at.line = file.name, at.line-file.above
	}
	d.problems = append(d.problems, Problem{File: name, Line: at.line, Col: at.col, Path: path, Msg: fmt.Sprintf(format, args...)})
}

// spoil is a problem that leaves a value unread.
func (d *decoder) spoil(at place, path, format string, args ...any) {
	d.spoiled++
	d.problem(at, path, format, args...)
}

// nearest is the place of a path, or else of the nearest parent that is in the file.
func (d *decoder) nearest(path string) place {
	for {
		if at, ok := d.places[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// value fills v from a node that is not null; f is the field whose tags apply, if any.
func (d *decoder) value(n *yaml.Node, sh *shape, f *field, v reflect.Value, path string) {
	if d.halted {
		return
	}
	if _, known := d.places[path]; !known {
		d.places[path] = placeOf(n)
	}
	n, done := d.follow(n, path)
	if n == nil {
		return
	}
	defer done()
	before := d.spoiled
	switch sh.kind {
	case kindPointer:
		v.Set(reflect.New(sh.elem.typ))
		d.value(n, sh.elem, f, v.Elem(), path)
		return
	case kindStruct:
		d.structure(n, sh, f, v, path)
		return
	case kindList:
		d.list(n, sh, f, v, path)
	case kindMap, kindOrdered:
		d.mapping(n, sh, f, v, path)
	default:
		d.scalar(n, sh, f, v, path)
	}
	if d.spoiled == before {
		d.validate(v, path)
	}
}

func (d *decoder) list(n *yaml.Node, sh *shape, f *field, v reflect.Value, path string) {
	items := n.Content
	switch {
	case n.Kind == yaml.ScalarNode && f != nil && f.single:
		items = []*yaml.Node{n}
	case n.Kind != yaml.SequenceNode:
		d.wrongType(n, sh, f, path)
		return
	}
	list := reflect.MakeSlice(sh.typ, 0, min(len(items), 64))
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		value := reflect.New(sh.elem.typ).Elem()
		if isNull(item) {
			d.spoil(placeOf(item), at, "an item with nothing in it; fill it in or remove it")
		} else {
			d.value(item, sh.elem, f, value, at)
		}
		if d.halted {
			return
		}
		list = reflect.Append(list, value)
	}
	v.Set(list)
}

func (d *decoder) mapping(n *yaml.Node, sh *shape, f *field, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.wrongType(n, sh, f, path)
		return
	}
	pairs := d.pairs(n, path)
	if sh.kind == kindMap {
		v.Set(reflect.MakeMapWithSize(sh.typ, len(pairs)))
	}
	for _, p := range pairs {
		at := join(path, p.key)
		value := reflect.New(sh.elem.typ).Elem()
		d.places[at] = p.at
		if isNull(p.value) {
			d.blank(sh.elem, value, at)
		} else {
			d.places[at] = placeOf(p.value)
			d.value(p.value, sh.elem, f, value, at)
		}
		if d.halted {
			return
		}
		if sh.kind == kindMap {
			v.SetMapIndex(reflect.ValueOf(p.key).Convert(sh.typ.Key()), value)
			continue
		}
		entry := reflect.New(sh.typ.Elem()).Elem()
		entry.FieldByName("Name").SetString(p.key)
		entry.FieldByName("Value").Set(value)
		v.Set(reflect.Append(v, entry))
	}
}

// blank is the value of a name with nothing after its colon, as in "delivered:".
func (d *decoder) blank(sh *shape, v reflect.Value, path string) {
	switch sh.kind {
	case kindPointer:
		v.Set(reflect.New(sh.elem.typ))
		d.blank(sh.elem, v.Elem(), path)
	case kindStruct:
		d.structure(nil, sh, nil, v, path)
	}
}

func join(path, key string) string {
	switch {
	case path == "" || key == "":
		return path + key
	case key[0] == '[':
		return path + key
	}
	return path + "." + key
}
