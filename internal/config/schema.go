package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// object is a JSON object. encoding/json writes its keys in alphabetical order, so the
// schema is the same every time.
type object = map[string]any

// Schema is the JSON Schema (draft 2020-12) of the file: indented, the same
// bytes for the same sections, and as strict as the loader. It fails where
// [Lint] does, except that a ref may name a section that is not there.
func Schema(sections []Section) ([]byte, error) {
	var b shaper
	shapes := b.sections(sections)
	if err := b.err(); err != nil {
		return nil, fmt.Errorf("describe config types: %w", err)
	}
	properties := object{}
	for i, s := range sections {
		item := structSchema(shapes[i])
		if !s.Single {
			item = object{"type": "array", "items": item}
		}
		item["description"] = s.Doc
		properties[s.Key] = item
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(object{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "lostorder configuration",
		"type":                 "object",
		"minProperties":        1,
		"properties":           properties,
		"patternProperties":    object{"^" + freePrefix: object{}},
		"additionalProperties": false,
	})
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return out.Bytes(), nil
}

func structSchema(sh *shape) object {
	properties := object{}
	var required []string
	var rules []any
	for i := range sh.fields {
		f := &sh.fields[i]
		properties[f.name] = f.schema()
		if f.file {
			file := f.name + "_file"
			properties[file] = object{"type": "string", "minLength": 1, "description": fileDoc(f)}
			if f.required {
				rules = append(rules, object{"oneOf": []any{object{"required": []string{f.name}}, object{"required": []string{file}}}})
			} else {
				rules = append(rules, object{"not": object{"required": []string{f.name, file}}})
			}
			continue
		}
		if f.needed() {
			required = append(required, f.name)
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	if len(rules) > 0 {
		out["allOf"] = rules
	}
	return out
}

// needed reports whether the key must be present: it is required, or it is a struct with a
// required key.
func (f *field) needed() bool {
	if f.hasDefault {
		return false
	}
	if f.required || f.shape.kind != kindStruct {
		return f.required
	}
	for i := range f.shape.fields {
		if f.shape.fields[i].needed() {
			return true
		}
	}
	return false
}

// schema describes the value of one key.
func (f *field) schema() object {
	out := typeSchema(f.shape, f)
	if f.single {
		out = object{"anyOf": []any{typeSchema(f.shape.elem, f), out}}
	}
	var doc strings.Builder
	doc.WriteString(f.doc)
	if f.leaf().kind == kindDuration {
		for _, bound := range [][2]string{{"At least ", f.min}, {"At most ", f.max}} {
			if bound[1] != "" {
				doc.WriteString(" " + bound[0] + bound[1] + ".")
			}
		}
	}
	out["description"] = strings.TrimSpace(doc.String())
	if f.hasDefault {
		v := reflect.New(f.shape.typ).Elem()
		if f.setDefault(v) == nil {
			out["default"] = plain(f.sampleOfDefault())
		}
	}
	if f.example != "" {
		out["examples"] = []any{plain(f.sample())}
	}
	if f.required {
		switch f.shape.kind {
		case kindString, kindSecret:
			out["minLength"] = 1
		case kindList:
			if !f.single {
				out["minItems"] = 1
			}
		case kindMap, kindOrdered:
			out["minProperties"] = 1
		}
	}
	return out
}

// plain reads a sample as YAML does, so that a number becomes a number.
func plain(sample string) any {
	var v any
	if err := yaml.Unmarshal([]byte(sample), &v); err != nil {
		return sample
	}
	if _, err := json.Marshal(v); err != nil {
		return sample
	}
	return v
}

func fileDoc(f *field) string {
	return fmt.Sprintf("A file that contains %s, as an alternative. A relative path starts at the config file.", f.name)
}
