package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

type kind int

const (
	kindString kind = iota
	kindBool
	kindInt
	kindUint
	kindFloat
	kindDuration
	kindSecret
	kindPattern
	kindText // a type with UnmarshalText
	kindStruct
	kindList
	kindMap
	kindOrdered
	kindPointer
)

func (k kind) scalar() bool { return k <= kindText }

// shape is a type as the file shows it. Decoder, schema and reference all use it, so that
// they cannot disagree.
type shape struct {
	kind    kind
	typ     reflect.Type
	elem    *shape  // of list, map, ordered and pointer
	fields  []field // of struct, with those of inline structs
	inlined [][]int // where the inline structs are: they may have a Validate of their own
}

type field struct {
	name, doc, example string
	index              []int
	shape              *shape
	def                string
	hasDefault         bool
	required           bool
	file               bool
	single             bool
	enum, refs         []string
	min, max           string
}

// shaper reads types. The mistakes that it finds are a programmer's.
type shaper struct {
	mistakes     []string
	undocumented []string
	open         []reflect.Type
}

var (
	durationType = reflect.TypeFor[Duration]()
	secretType   = reflect.TypeFor[Secret]()
	patternType  = reflect.TypeFor[Pattern]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	namedType    = reflect.TypeFor[namedEntry]()
)

func (b *shaper) mistake(where, format string, args ...any) {
	b.mistakes = append(b.mistakes, where+": "+fmt.Sprintf(format, args...))
}

// section reads the type of a section's items. Each item needs a name.
func (b *shaper) section(s Section) *shape {
	sh := b.of(s.Type, s.Key)
	if sh.kind != kindStruct {
		b.mistake(s.Key, "the type of a section is a struct, not %s", s.Type)
	}
	if s.Doc == "" {
		b.undocumented = append(b.undocumented, s.Key)
	}
	for i, f := range sh.fields {
		if !s.Single && f.name == "name" && f.shape.kind == kindString {
			sh.fields[i].required = true
		}
	}
	return sh
}

func (b *shaper) of(t reflect.Type, where string) *shape {
	sh := &shape{typ: t}
	if slices.Contains(b.open, t) {
		b.mistake(where, "%s contains itself", t)
		return sh
	}
	b.open = append(b.open, t)
	defer func() { b.open = b.open[:len(b.open)-1] }()

	switch {
	case t == durationType:
		sh.kind = kindDuration
	case t == reflect.TypeFor[time.Duration]():
		b.mistake(where, "a time.Duration would be read in nanoseconds; use config.Duration")
	case t == secretType:
		sh.kind = kindSecret
	case t == patternType:
		sh.kind = kindPattern
	case t.Kind() == reflect.Pointer:
		sh.kind, sh.elem = kindPointer, b.of(t.Elem(), where)
	case reflect.PointerTo(t).Implements(textType):
		sh.kind = kindText
	case t.Kind() == reflect.String:
		sh.kind = kindString
	case t.Kind() == reflect.Bool:
		sh.kind = kindBool
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		sh.kind = kindInt
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		sh.kind = kindUint
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		sh.kind = kindFloat
	case t.Kind() == reflect.Slice && t.Elem().Implements(namedType):
		value, _ := t.Elem().FieldByName("Value")
		sh.kind, sh.elem = kindOrdered, b.of(value.Type, where+".<name>")
	case t.Kind() == reflect.Slice:
		sh.kind, sh.elem = kindList, b.of(t.Elem(), where+"[]")
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		sh.kind, sh.elem = kindMap, b.of(t.Elem(), where+".<name>")
	case t.Kind() == reflect.Struct:
		sh.kind = kindStruct
		b.fields(sh, t, nil, where)
	default:
		b.mistake(where, "a config file cannot hold %s", t)
	}
	return sh
}

func (b *shaper) fields(sh *shape, t reflect.Type, index []int, where string) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(slices.Clone(index), i)
		name, _, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		switch {
		case sf.Tag.Get("inline") == "true":
			if sf.Type.Kind() != reflect.Struct || !sf.IsExported() {
				b.mistake(where, "%s is inline, so it has to be an exported struct", sf.Name)
				continue
			}
			sh.inlined = append(sh.inlined, at)
			b.fields(sh, sf.Type, at, where)
			continue
		case !sf.IsExported() || name == "-":
			continue
		case name == "":
			b.mistake(where, "%s has no yaml tag", sf.Name)
			continue
		case sh.field(name) != nil:
			b.mistake(where, "the key %s appears twice", name)
			continue
		}
		f := b.field(sf, name, where+"."+name)
		f.index = at
		sh.fields = append(sh.fields, f)
	}
}

// field finds a field by its key.
func (sh *shape) field(name string) *field {
	for i := range sh.fields {
		if sh.fields[i].name == name {
			return &sh.fields[i]
		}
	}
	return nil
}

// keys lists every key of a struct, in the order of its declaration.
func (sh *shape) keys() []string {
	var keys []string
	for _, f := range sh.fields {
		keys = append(keys, f.name)
		if f.file {
			keys = append(keys, f.name+"_file")
		}
	}
	return keys
}
