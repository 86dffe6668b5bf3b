package draft

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/lostorder/lostorder/internal/config"
)

// flow writes a value on one line.
func flow(v any) string {
	text, err := yaml.Marshal(node(v))
	if err != nil {
		return "null # " + err.Error() // no value of ours is one that YAML cannot hold
	}
	return strings.TrimSuffix(string(text), "\n")
}

// key writes the key of a line, which may be any name that a database or a broker has.
func key(name string) string { return flow(name) }

// node makes the YAML of a value.
func node(v any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode}
	switch v := v.(type) {
	case string:
		// A literal ${ is written as $${.
		scalar(n, strings.ReplaceAll(v, "${", "$${"))
	case Raw:
		scalar(n, string(v))
	case config.Duration:
		n.Value = v.String()
	case []string:
		n.Kind, n.Style = yaml.SequenceNode, yaml.FlowStyle
		for _, one := range v {
			n.Content = append(n.Content, node(one))
		}
	case Map:
		n.Kind, n.Style = yaml.MappingNode, yaml.FlowStyle
		for _, p := range v {
			n.Content = append(n.Content, node(p.Key), node(p.Value))
		}
	default:
		_ = n.Encode(v) // a number or a bool
	}
	return n
}

// scalar makes a text that stays on one line.
func scalar(n *yaml.Node, text string) {
	_ = n.Encode(text)
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || strings.ContainsAny(text, "\n\r\t") {
		n.Style = yaml.DoubleQuotedStyle
	}
}
