package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field reads the tags of one field.
func (b *shaper) field(sf reflect.StructField, name, where string) field {
	f := field{
		name: name, doc: sf.Tag.Get("doc"), example: sf.Tag.Get("example"),
		required: sf.Tag.Get("required") == "true",
		file:     sf.Tag.Get("file") == "true",
		single:   sf.Tag.Get("single") == "true",
		enum:     commas(sf.Tag.Get("enum")),
		refs:     commas(sf.Tag.Get("ref")),
		min:      sf.Tag.Get("min"), max: sf.Tag.Get("max"),
	}
	f.def, f.hasDefault = sf.Tag.Lookup("default")
	f.shape = b.of(sf.Type, where)
	if f.doc == "" {
		b.undocumented = append(b.undocumented, where)
	}
	leaf := f.leaf()
	if f.file && f.shape.kind != kindSecret {
		b.mistake(where, "the tag file is for a Secret, not %s", sf.Type)
	}
	if f.single && f.shape.kind != kindList {
		b.mistake(where, "the tag single is for a list, not %s", sf.Type)
	}
	if len(f.refs) > 0 && leaf.kind != kindString {
		b.mistake(where, "the tag ref is for strings, not %s", sf.Type)
	}
	for _, bound := range []string{f.min, f.max} {
		if bound == "" {
			continue
		}
		if leaf.kind < kindInt || leaf.kind > kindDuration {
			b.mistake(where, "the tags min and max are for numbers and durations, not %s", sf.Type)
		} else if err := setText(reflect.New(leaf.typ).Elem(), leaf, bound, bound); err != nil {
			b.mistake(where, "the bound %v", err)
		}
	}
	if f.hasDefault {
		if err := f.setDefault(reflect.New(sf.Type).Elem()); err != nil {
			b.mistake(where, "the default %v", err)
		}
	}
	return f
}

// leaf is the innermost type of a field: the element of its lists.
func (f *field) leaf() *shape {
	sh := f.shape
	for sh.kind == kindList || sh.kind == kindPointer || sh.kind == kindMap {
		sh = sh.elem
	}
	return sh
}

// setDefault gives v the default of the field.
func (f *field) setDefault(v reflect.Value) error {
	sh := f.shape
	if sh.kind == kindPointer {
		v.Set(reflect.New(sh.elem.typ))
		v, sh = v.Elem(), sh.elem
	}
	if sh.kind != kindList {
		return f.setDefaultScalar(v, sh, f.def)
	}
	items := commas(f.def)
	list := reflect.MakeSlice(sh.typ, len(items), len(items))
	for i, item := range items {
		if err := f.setDefaultScalar(list.Index(i), sh.elem, item); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func (f *field) setDefaultScalar(v reflect.Value, sh *shape, text string) error {
	if !sh.kind.scalar() {
		return fmt.Errorf("of %s cannot be written in a tag", sh.typ)
	}
	if len(f.enum) > 0 && !slices.Contains(f.enum, text) {
		return fmt.Errorf("%q is not one of the values allowed", text)
	}
	return setText(v, sh, text, text)
}

func commas(list string) []string {
	if list == "" {
		return nil
	}
	parts := strings.Split(list, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
