package config

import (
	"fmt"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(?:(:-)(.*))?$`)

// expand replaces ${NAME} and ${NAME:-default} in a scalar; $${ stands for a
// literal ${. As in a shell, the default also stands in for an empty variable.
func expand(text string, lookup func(string) (string, bool)) (string, error) {
	var out strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			return out.String() + text, nil
		}
		if i > 0 && text[i-1] == '$' {
			out.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		out.WriteString(text[:i])
		end := strings.IndexByte(text[i:], '}')
		if end < 0 {
			return "", fmt.Errorf("a ${ is not closed; write ${NAME}, ${NAME:-default}, or $${ for a literal ${")
		}
		inner := text[i+2 : i+end]
		m := variable.FindStringSubmatch(inner)
		if m == nil || strings.Contains(inner, "${") {
			return "", fmt.Errorf("what stands between ${ and } is not the name of a variable; write ${NAME}, ${NAME:-default}, or $${ for a literal ${")
		}
		value, ok := lookup(m[1])
		switch {
		case m[2] != "" && value == "":
			value = m[3]
		case !ok:
			return "", fmt.Errorf("environment variable %s is not set; set it, or write ${%s:-default}", m[1], m[1])
		}
		out.WriteString(value)
		text = text[i+end+1:]
	}
}
