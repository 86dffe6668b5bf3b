package config

import (
	"bytes"
	"fmt"
	"strings"
)

// Reference is a Markdown page with a table for each section: every key with its type,
// default, allowed values and purpose.
func Reference(sections []Section) []byte {
	var out bytes.Buffer
	var b shaper
	shapes := b.sections(sections)
	for i, s := range sections {
		if i > 0 {
			out.WriteString("\n")
		}
		what := "A list."
		if s.Single {
			what = "One mapping."
		}
		fmt.Fprintf(&out, "## %s\n\n%s\n\n", s.Key, strings.TrimSpace(s.Doc+" "+what))
		out.WriteString("| Key | Type | Default | Allowed | What it is |\n|---|---|---|---|---|\n")
		writeRows(&out, shapes[i], "")
	}
	return out.Bytes()
}

func writeRows(out *bytes.Buffer, sh *shape, prefix string) {
	for i := range sh.fields {
		f := &sh.fields[i]
		row(out, prefix+f.name, typeName(f.shape), f.defaultText(), f.allowed(), f.about())
		if f.file {
			row(out, prefix+f.name+"_file", "path", "", "", fileDoc(f))
		}
		nested, path := f.shape, prefix+f.name
		for nested.elem != nil {
			switch nested.kind {
			case kindList:
				path += "[]"
			case kindMap, kindOrdered:
				path += ".<name>"
			}
			nested = nested.elem
		}
		writeRows(out, nested, path+".")
	}
}

func row(out *bytes.Buffer, key, typ, def, allowed, doc string) {
	escape := strings.NewReplacer("|", `\|`, "\n", " ").Replace
	fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s |\n", escape(key), escape(typ), escape(def), escape(allowed), escape(doc))
}

func code(text string) string { return "`" + text + "`" }

func (f *field) about() string {
	if f.example == "" {
		return f.doc
	}
	return strings.TrimSpace(f.doc + " Example: " + code(f.sample()) + ".")
}

func (f *field) defaultText() string {
	switch {
	case f.hasDefault && f.def == "":
		return "empty"
	case f.hasDefault:
		return code(f.sampleOfDefault())
	case f.required:
		return "**required**"
	}
	return ""
}

// sampleOfDefault is the default as the file would contain it.
func (f *field) sampleOfDefault() string {
	plain := *f
	plain.example = f.def
	if f.def == "" && f.shape.kind == kindList {
		return "[]"
	}
	if f.def == "" {
		return `""`
	}
	return plain.sample()
}

func (f *field) allowed() string {
	var parts []string
	if len(f.enum) > 0 {
		values := make([]string, len(f.enum))
		for i, v := range f.enum {
			values[i] = code(v)
		}
		parts = append(parts, strings.Join(values, ", "))
	}
	if f.min != "" {
		parts = append(parts, "at least "+f.min)
	}
	if f.max != "" {
		parts = append(parts, "at most "+f.max)
	}
	if len(f.refs) > 0 {
		parts = append(parts, "the name of an item of "+strings.Join(f.refs, " or "))
	}
	return strings.Join(parts, "; ")
}

func typeName(sh *shape) string {
	switch sh.kind {
	case kindBool:
		return "boolean"
	case kindInt, kindUint:
		return "integer"
	case kindFloat:
		return "number"
	case kindDuration:
		return "duration"
	case kindSecret:
		return "secret"
	case kindPattern:
		return "pattern"
	case kindStruct:
		return "mapping"
	case kindList:
		return "list of " + typeName(sh.elem) + "s"
	case kindMap, kindOrdered:
		return "mapping of names, each to a " + typeName(sh.elem)
	case kindPointer:
		return typeName(sh.elem)
	}
	return "string"
}
