package config

import (
	"go.yaml.in/yaml/v3"
)

// pair is one key of a mapping and its value.
type pair struct {
	key   string
	at    place // of the key
	value *yaml.Node
}

// pairs lists a mapping in the order of the file, with what << merges into it
// at the end; each key is there once.
func (d *decoder) pairs(n *yaml.Node, path string) []pair {
	var list []pair
	var merges []*yaml.Node
	seen := map[string]place{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		at := placeOf(n.Content[i])
		key, done := d.follow(n.Content[i], path)
		if key == nil {
			continue
		}
		done()
		switch {
		case key.Kind != yaml.ScalarNode:
			d.spoil(at, path, "a key that is a list or a mapping; a key is plain text")
			continue
		case key.Tag == "!!merge":
			merges = append(merges, n.Content[i+1])
			continue
		case key.Value == "" || key.Tag == "!!null":
			d.spoil(at, path, "a key without a name; write it before the colon")
			continue
		}
		if first, twice := seen[key.Value]; twice {
			d.problem(at, join(path, key.Value), "given twice, here and on line %d, column %d; keep one", first.line, first.col)
			continue
		}
		seen[key.Value] = at
		list = append(list, pair{key.Value, at, n.Content[i+1]})
	}
	for _, m := range merges {
		for _, p := range d.merged(m, path) {
			if _, own := seen[p.key]; !own {
				seen[p.key] = p.at
				list = append(list, p)
			}
		}
	}
	return list
}

// merged lists what one << merges: a mapping, or a list of mappings. The first one wins.
func (d *decoder) merged(n *yaml.Node, path string) []pair {
	at := placeOf(n)
	n, done := d.follow(n, path)
	if n == nil {
		return nil
	}
	defer done()
	switch n.Kind {
	case yaml.MappingNode:
		d.spend(len(n.Content))
		return d.pairs(n, path)
	case yaml.SequenceNode:
		var list []pair
		for _, item := range n.Content {
			if item.Kind == yaml.SequenceNode {
				d.spoil(placeOf(item), path, "<< merges mappings; a list in a list is none")
				continue
			}
			list = append(list, d.merged(item, path)...)
			if d.halted {
				return nil
			}
		}
		return list
	}
	d.spoil(at, path, "<< merges mappings only; write << and then an alias, as in <<: *defaults")
	return nil
}

// follow returns the node of an alias. It reports a problem and returns nil if the alias
// is inside its own node, or if aliases repeat so much that a small file would fill the
// memory.
func (d *decoder) follow(n *yaml.Node, path string) (*yaml.Node, func()) {
	if n.Kind != yaml.AliasNode {
		if len(d.following) > 0 {
			d.spend(1)
		}
		if d.halted {
			return nil, nil
		}
		return n, func() {}
	}
	if d.following[n.Alias] {
		d.spoil(placeOf(n), path, "an alias inside the very block it stands for; write the values out")
		return nil, nil
	}
	target := n.Alias
	d.following[target] = true
	d.spend(1)
	if d.halted {
		return nil, nil
	}
	return target, func() { delete(d.following, target) }
}

func (d *decoder) spend(nodes int) {
	d.allowance -= nodes
	if d.allowance < 0 {
		d.spoil(place{1, 1}, "", "the aliases of this file expand to too much; write the values out")
		d.halted = true
	}
}

// isNull reports whether a value is empty, which is the same as an absent one.
func isNull(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}
