package config

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// structure fills a struct; with no node it holds its defaults, and what it
// requires is missing.
func (d *decoder) structure(n *yaml.Node, sh *shape, f *field, v reflect.Value, path string) {
	before := d.spoiled
	given := map[string]pair{}
	meant := map[string]bool{}
	if n != nil {
		if n.Kind != yaml.MappingNode {
			d.wrongType(n, sh, f, path)
			return
		}
		keys := sh.keys()
		known := map[string]bool{}
		for _, k := range keys {
			known[k] = true
		}
		for _, p := range d.pairs(n, path) {
			if known[p.key] {
				given[p.key] = p
			} else {
				meant[d.unknownKey(p, path, keys)] = true
			}
		}
	}
	for i := range sh.fields {
		d.field(&sh.fields[i], given, meant, v.FieldByIndex(sh.fields[i].index), path)
	}
	if d.spoiled != before || d.halted {
		return
	}
	for _, index := range sh.inlined {
		d.validate(v.FieldByIndex(index), path)
	}
	d.validate(v, path)
}

func (d *decoder) unknownKey(p pair, path string, keys []string) string {
	if d.halted {
		return ""
	}
	hint, guess := didYouMean(p.key, keys)
	d.problem(p.at, join(path, short(p.key)), "unknown key; %sallowed here: %s", hint, strings.Join(keys, ", "))
	return guess
}

func (d *decoder) field(f *field, given map[string]pair, meant map[string]bool, v reflect.Value, parent string) {
	path := join(parent, f.name)
	p, ok := given[f.name]
	if ok && isNull(p.value) {
		d.places[path] = p.at
		ok = false
	}
	if f.file {
		fp, fok := given[f.name+"_file"]
		fok = fok && !isNull(fp.value)
		switch {
		case ok && fok:
			d.spoil(fp.at, path+"_file", "given together with %s; keep one of them", f.name)
			return
		case fok:
			d.secretFile(fp, v, path)
			return
		}
	}
	if !ok {
		d.absent(f, v, path, meant[f.name] || meant[f.name+"_file"])
		return
	}
	before := d.spoiled
	d.places[path] = placeOf(p.value)
	d.value(p.value, f.shape, f, v, path)
	if d.spoiled == before && f.required && isEmpty(v, f.shape) {
		d.spoil(d.places[path], path, "empty, and required; write for example %s", f.sample())
	}
}

// absent gives a field its default, or says that it is missing; misspelt says
// that an unknown key was reported in its place.
func (d *decoder) absent(f *field, v reflect.Value, path string, misspelt bool) {
	switch {
	case f.hasDefault:
		_ = f.setDefault(v) // it was tried when the type was read
	case f.required && misspelt:
		d.spoiled++
	case f.required:
		give := "write"
		if f.file {
			give = "give " + f.name + " or " + f.name + "_file,"
		}
		d.spoil(d.nearest(path), path, "missing; %s for example %s: %s", give, f.name, f.sample())
	case f.shape.kind == kindStruct:
		d.structure(nil, f.shape, f, v, path)
	}
}

func isEmpty(v reflect.Value, sh *shape) bool {
	switch sh.kind {
	case kindString, kindSecret, kindList, kindMap, kindOrdered:
		return v.Len() == 0
	}
	return false
}

// short keeps a very long key from filling the report.
func short(key string) string {
	const most = 60
	if r := []rune(key); len(r) > most {
		return string(r[:most]) + "…"
	}
	return key
}
