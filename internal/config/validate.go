package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

type validator interface{ Validate() error }

// validate asks a value to check itself and places what it answers.
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

// blamedWithin tells whether the field, or what it is part of, has a problem already.
func (d *decoder) blamedWithin(path, root string) bool {
	for len(path) > len(root) {
		if d.blamed[path] {
			return true
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return false
}

var urlPassword = regexp.MustCompile(`://[^:@/]*:([^@]+)@`)

// conceal takes every secret read so far out of a message. Validate may wrap
// the error of another package that repeats its input, as net/url does, whole
// or in part.
func (d *decoder) conceal(msg string) string {
	var all []string
	for _, secret := range d.secrets {
		all = append(all, secret)
		for _, m := range urlPassword.FindAllStringSubmatch(secret, -1) {
			all = append(all, m[1])
			all = append(all, strings.FieldsFunc(m[1], func(r rune) bool { return strings.ContainsRune("/?#:%", r) })...)
		}
	}
	// The longest first, or a part would break up the whole it is in.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range all {
		msg = replaceValue(msg, secret, hidden)
	}
	return msg
}
