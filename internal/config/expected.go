package config

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// expected says in words what a place of the file takes, with an example.
func expected(sh *shape, f *field) string {
	switch sh.kind {
	case kindPointer:
		return expected(sh.elem, f)
	case kindStruct:
		return "a mapping is expected, with the keys " + strings.Join(sh.keys(), ", ")
	case kindMap, kindOrdered:
		return "a mapping of names is expected"
	case kindBool:
		return "true or false is expected"
	}
	sample := sampleFor(sh)
	if f != nil {
		sample = f.sampleOf(sh)
	}
	return article(sh) + " is expected, for example " + sample
}

func article(sh *shape) string {
	switch sh.kind {
	case kindInt, kindUint:
		return "a whole number"
	case kindFloat:
		return "a number"
	case kindDuration:
		return "a duration"
	case kindPattern:
		return "a regular expression"
	case kindList:
		return "a list"
	}
	return "a string"
}

// sample is an example of the field's value, as it would stand in the file.
func (f *field) sample() string { return f.sampleOf(f.shape) }

// sampleOf is an example for the field, or for an item of its list.
func (f *field) sampleOf(sh *shape) string {
	text := f.example
	if text == "" {
		text = f.def
	}
	if text == "" && len(f.enum) > 0 {
		text = f.enum[0]
	}
	if text == "" || sh.kind == kindSecret && f.example == "" {
		return sampleFor(sh)
	}
	switch {
	case sh.kind == kindPointer:
		return f.sampleOf(sh.elem)
	case sh.kind == kindList && !strings.HasPrefix(text, "["):
		items := commas(text)
		for i := range items {
			items[i] = flow(items[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	case sh.kind == kindString, sh.kind == kindPattern, sh.kind == kindText, sh.kind == kindSecret:
		if f.shape.kind == kindList {
			text = commas(text)[0]
		}
		return flow(text)
	}
	return text
}

// sampleFor is an example for a field that gives none.
func sampleFor(sh *shape) string {
	switch sh.kind {
	case kindBool:
		return "true"
	case kindInt, kindUint:
		return "3"
	case kindFloat:
		return "0.5"
	case kindDuration:
		return "15s"
	case kindSecret:
		return "${PASSWORD}"
	case kindPattern:
		return `orders\..*`
	case kindList:
		return "[" + sampleFor(sh.elem) + "]"
	case kindStruct:
		for i := range sh.fields {
			if f := &sh.fields[i]; f.required {
				return "{" + f.name + ": " + f.sample() + "}"
			}
		}
		return "{}"
	case kindMap, kindOrdered:
		return "{name: " + sampleFor(sh.elem) + "}"
	case kindPointer:
		return sampleFor(sh.elem)
	}
	return "orders"
}

// flow writes a string so that it may stand inside [ ] too, in quotes when it needs them.
func flow(text string) string {
	var back []any
	if err := yaml.Unmarshal([]byte("["+text+"]"), &back); err == nil && len(back) == 1 && back[0] == text {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
