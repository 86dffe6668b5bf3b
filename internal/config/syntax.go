package config

import (
	"bytes"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var yamlError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// plainWords translates errors of the YAML library into what is wrong and what to do.
var plainWords = []struct{ theirs, ours string }{
	{"mapping values are not allowed", "a colon is not allowed here; start a new line, or put the value in quotes if the colon is part of it"},
	{"did not find expected key", "a key is expected here or just above; check the indentation, and that quotes and brackets are closed"},
	{"did not find expected '-' indicator", "an item of a list is expected here; begin it with a dash, or indent it like the keys it belongs to"},
	{"did not find expected ',' or ']'", "a list that opens with [ is not closed; add a comma or the ]"},
	{"did not find expected ',' or '}'", "a mapping that opens with { is not closed; add a comma or the }"},
	{"found unexpected end of stream", "a quote opened here or above is not closed; add the closing quote"},
	{"found character that cannot start any token", "a value cannot begin with this character; put it in quotes"},
	{"found unknown escape character", "a backslash that YAML does not know; use single quotes, or write two backslashes"},
	{"could not find expected ':'", "a key without its colon, or a colon without a space after it; write key: value"},
	{"control characters are not allowed", "a character that cannot be printed; remove it"},
	{"unknown anchor", "an alias (*name) to an anchor (&name) that does not exist; quote the value if it should begin with *"},
}

// syntax reports what the YAML library could not read. Its message repeats
// parts of the text, which may be secret.
func (d *decoder) syntax(text []byte, err error) {
	line, msg := takeApart(err)
	if strings.HasPrefix(msg, "did not find expected") && !strings.Contains(msg, " or ") {
		line = firstFailing(text, msg)
	}
	if strings.Contains(msg, "tab") || strings.Contains(msg, "token") {
		if tab, ok := tabIn(text, line); ok && (strings.Contains(msg, "tab") || tab.line == line) {
			d.problem(tab, "", "a tab in the indentation; use spaces")
			return
		}
	}
	if strings.HasPrefix(msg, "did not find expected") {
		if at, name, ok := unquotedVariable(text); ok && at.line <= line {
			d.problem(at, "", "${%s} is not in quotes, and a { begins a mapping here; quote the value: \"${%s}\", with what stands around it", name, name)
			return
		}
	}
	at := place{line: line}
	for _, w := range plainWords {
		if !strings.HasPrefix(msg, w.theirs) {
			continue
		}
		if w.theirs == "unknown anchor" {
			at = findAlias(text, msg)
		}
		d.problem(at, "", "%s", w.ours)
		return
	}
	d.problem(at, "", "not YAML: %s", msg)
}

// takeApart returns line and message of an error of the YAML library. The library names no
// line for the first one, and counts from 0 if it expected something.
func takeApart(err error) (int, string) {
	m := yamlError.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	line, _ := strconv.Atoi(m[1])
	if line > 0 && strings.HasPrefix(m[2], "did not find expected") {
		line++
	}
	return max(1, line), m[2]
}

// firstFailing finds the line that breaks a block, because the library names only the
// start of the block. It is the last line of the shortest text that fails in the same way.
func firstFailing(text []byte, msg string) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		decoder := yaml.NewDecoder(bytes.NewReader(bytes.Join(lines[:i+1], nil)))
		var err error
		for err == nil {
			err = read(decoder, new(yaml.Node))
		}
		_, same := takeApart(err)
		return same == msg
	})
}

var bareVariable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// unquotedVariable finds the first variable of the environment that stands without quotes
// between [ and ], or { and }.
func unquotedVariable(text []byte) (at place, name string, ok bool) {
	depth := 0
	for i, line := range strings.Split(string(text), "\n") {
		var quote rune
		before := ' '
		for col, c := range line {
			m := bareVariable.FindStringSubmatch(line[col:])
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '#' && before == ' ':
			case m != nil && depth > 0:
				return place{i + 1, len([]rune(line[:col])) + 1}, m[1], true
			case (c == '"' || c == '\'') && strings.ContainsRune(" [{,:", before):
				quote = c
			case (c == '[' || c == '{') && before != '$':
				depth++
			case (c == ']' || c == '}') && depth > 0:
				depth--
			}
			if c == '#' && before == ' ' && quote == 0 {
				break
			}
			before = c
		}
	}
	return at, "", false
}

// tabIn finds the first tab in the indentation of a line, from the given line on.
func tabIn(text []byte, from int) (place, bool) {
	for i, line := range strings.Split(string(text), "\n") {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if col := strings.IndexByte(indent, '\t'); i+1 >= from && col >= 0 && strings.TrimSpace(line) != "" {
			return place{i + 1, col + 1}, true
		}
	}
	return place{}, false
}

// findAlias finds the position of the alias that a message names.
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
