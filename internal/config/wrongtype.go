package config

import "go.yaml.in/yaml/v3"

// wrongType describes what was given and what is expected. It shows as little of the value
// as possible, and nothing where a secret could be.
func (d *decoder) wrongType(n *yaml.Node, sh *shape, f *field, path string) {
	for sh.kind == kindPointer {
		sh = sh.elem
	}
	d.spoil(d.nearest(path), path, "%s is given where %s%s", given(n, sh), expected(sh, f), fix(n, sh))
}

// given names what the file contains.
func given(n *yaml.Node, sh *shape) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	name := map[string]string{
		"!!str": "string", "!!int": "number", "!!float": "number", "!!bool": "value", "!!timestamp": "date",
	}[n.Tag]
	switch {
	case name == "":
		return "a value with a tag"
	case n.Tag == "!!bool" && sh.kind != kindSecret:
		return "the value " + n.Value
	case sh.kind.scalar() && sh.kind != kindSecret && n.Tag == "!!str":
		return "the string " + quote(n.Value)
	case sh.kind.scalar() && sh.kind != kindSecret:
		return "the " + name + " " + short(n.Value)
	}
	return "a " + name
}

// fix says what to do, if that is known.
func fix(n *yaml.Node, sh *shape) string {
	switch {
	case n.Kind == yaml.MappingNode && sh.kind == kindList:
		return "; begin each item with a dash"
	case n.Kind != yaml.ScalarNode:
		return ""
	case n.Tag == "!!str" && sh.kind == kindList && sh.elem.kind == kindString && n.Value != "":
		return "; write [" + flow(short(n.Value)) + "]"
	case n.Tag == "!!int" && sh.kind == kindDuration:
		return "; give it a unit: " + short(n.Value) + "s is seconds, " + short(n.Value) + "m minutes"
	case n.Tag == "!!str":
		return ""
	case n.Tag != "!!int" && n.Tag != "!!float" && n.Tag != "!!bool" && n.Tag != "!!timestamp":
		return "; take the tag (!…) away"
	case sh.kind == kindSecret:
		return "; put it in quotes"
	case sh.kind == kindString || sh.kind == kindText || sh.kind == kindPattern:
		return "; put it in quotes: " + quote(n.Value)
	}
	return ""
}
