package config

import (
	"reflect"
	"strings"
)

type validator interface{ Validate() error }

// validate lets a value check itself, and gives its errors positions.
func (d *decoder) validate(v reflect.Value, path string) {
	if v.Kind() == reflect.Pointer || !v.CanAddr() || d.halted {
		return
	}
	checked, ok := reflect.TypeAssert[validator](v.Addr())
	if !ok {
		return
	}
	err := checked.Validate()
	if err == nil {
		return
	}
	for _, e := range split(err) {
		at := join(path, e.path)
		if d.blamedWithin(at, path) {
			continue
		}
		d.problem(d.nearest(at), at, "%s", d.conceal(e.err.Error()))
	}
}

// blamedWithin reports whether the field, or a parent of it, already has a problem.
func (d *decoder) blamedWithin(path, root string) bool {
	for len(path) > len(root) {
		if d.blamed[path] {
			return true
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return false
}
