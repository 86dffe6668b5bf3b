package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

var yamlError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// plainWords says what the YAML library means, and what to do.
var plainWords = []struct{ theirs, ours string }{
	{"mapping values are not allowed", "a colon where none can be; start a new line, or put the value in quotes if the colon is part of it"},
	{"did not find expected key", "a key is expected here or just above; check the indentation, and that quotes and brackets are closed"},
	{"did not find expected '-' indicator", "an item of a list is expected here; begin it with a dash, or indent it like the keys it belongs to"},
	{"did not find expected ',' or ']'", "a list that opens with [ is not closed; add a comma or the ]"},
	{"did not find expected ',' or '}'", "a mapping that opens with { is not closed; add a comma or the }"},
	{"found unexpected end of stream", "a quote opened here or above is not closed; add the other one"},
	{"found character that cannot start any token", "a value cannot begin with this character; put it in quotes"},
	{"found unknown escape character", "a backslash that YAML does not know; use single quotes, or write two backslashes"},
	{"could not find expected ':'", "a key without its colon, or a colon without a space after it; write key: value"},
	{"control characters are not allowed", "a character that cannot be printed; take it out"},
	{"unknown anchor", "an alias (*name) to an anchor (&name) that is not there; put the value in quotes if it is to begin with *"},
}

// syntax reports what the YAML library could not read. Its line is sometimes
// one early, and it repeats parts of the text, which may be secret.
func (d *decoder) syntax(text []byte, err error) {
	m := yamlError.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	at := place{line: 1}
	if m[1] != "" {
		at.line, _ = strconv.Atoi(m[1])
	}
	if strings.HasPrefix(m[2], "did not find expected") && m[1] != "" {
		at.line++
	}
	at.line = min(at.line, max(1, bytes.Count(bytes.TrimRight(text, "\n"), []byte("\n"))+1))
	if tab, ok := tabIn(text); ok && (strings.Contains(m[2], "token") || strings.Contains(m[2], "tab")) && tab.line <= at.line {
		d.problem(tab, "", "a tab in the indentation; use spaces")
		return
	}
	for _, w := range plainWords {
		if !strings.HasPrefix(m[2], w.theirs) {
			continue
		}
		if w.theirs == "unknown anchor" {
			at = findAlias(text, m[2])
		}
		d.problem(at, "", "%s", w.ours)
		return
	}
	d.problem(at, "", "not YAML: %s", m[2])
}

// findAlias finds the alias of a message that names it without its place.
func findAlias(text []byte, msg string) place {
	_, name, _ := strings.Cut(msg, "'")
	name, _, _ = strings.Cut(name, "'")
	before, _, ok := bytes.Cut(text, []byte("*"+name))
	if !ok {
		return place{line: 1}
	}
	line := bytes.Count(before, []byte("\n")) + 1
	return place{line, len([]rune(string(before[bytes.LastIndexByte(before, '\n')+1:]))) + 1}
}
