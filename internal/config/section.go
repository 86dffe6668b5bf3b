package config

import (
	"fmt"
	"reflect"
)

// Section is one top-level key of the file: a list of Type, or one Type when Single.
type Section struct {
	Key    string       // "kafka"
	Doc    string       // one sentence
	Type   reflect.Type // the struct of one item, as in reflect.TypeFor[kafka.Config]()
	Single bool         // the section is one struct instead of a list of them
}

// Single is a section that is one T instead of a list.
func Single[T any](key, doc string) Section {
	return Section{Key: key, Doc: doc, Type: reflect.TypeFor[T](), Single: true}
}

// File is a loaded config file: decoded, with its defaults, and valid.
type File struct {
	items   map[string]reflect.Value // section key → slice of its type
	present map[string]bool
}

// Has reports whether the file contains the section, and not just an empty key.
func (f *File) Has(key string) bool { return f.present[key] }

// Items returns the items of a section in the order of the file. An absent list has none.
// A single section always has exactly one item, which has the defaults if the section is
// absent (see [File.Has]).
//
// Items panics when T is not the type the section was loaded with: that is a
// mistake in the program, never in the file.
func Items[T any](f *File, key string) []T {
	v, ok := f.items[key]
	if !ok {
		return nil
	}
	items, ok := reflect.TypeAssert[[]T](v)
	if !ok {
		panic(fmt.Sprintf("config: section %s holds %s, asked for %s", key, v.Type().Elem(), reflect.TypeFor[T]()))
	}
	return items
}

// Only returns the item of a single section. It panics as Items does.
func Only[T any](f *File, key string) T { return Items[T](f, key)[0] }
