package rabbitmq

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

var errNotMetrics = errors.New("the answer is not of the prometheus plugin")

// sample is one line of the Prometheus text format. What it holds is good until
// the next line.
type sample struct {
	name   string
	labels []label
	value  float64
}

type label struct{ name, value string }

// label returns the value of a label.
func (s *sample) label(name string) string {
	for _, l := range s.labels {
		if l.name == name {
			return l.value
		}
	}
	return ""
}

// samples reads the lines whose names begin with the prefix. It is not a
// general parser: it reads what the plugin writes, at a fraction of the garbage.
func samples(text []byte, prefix string, each func(*sample)) error {
	var s sample
	if len(text) > 0 && text[0] != '#' && !bytes.HasPrefix(text, []byte("rabbitmq_")) && !bytes.HasPrefix(text, []byte("erlang_")) {
		return errNotMetrics
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return errCutOff
	}
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		if !bytes.HasPrefix(line, []byte(prefix)) {
			continue
		}
		if !s.parse(string(line)) {
			return errNotMetrics
		}
		each(&s)
	}
	return nil
}

// parse reads one line.
func (s *sample) parse(line string) bool {
	s.labels = s.labels[:0]
	at := strings.IndexAny(line, "{ ")
	if at < 0 {
		return false
	}
	s.name = line[:at]
	rest := line[at:]
	if rest[0] == '{' {
		rest = rest[1:]
		for len(rest) > 0 && rest[0] != '}' {
			name, after, ok := strings.Cut(rest, `="`)
			if !ok {
				return false
			}
			value, left, ok := quoted(after)
			if !ok {
				return false
			}
			s.labels = append(s.labels, label{strings.TrimLeft(name, ", "), value})
			rest = strings.TrimPrefix(left, ",")
		}
		if rest == "" {
			return false
		}
		rest = rest[1:]
	}
	value, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	var err error
	s.value, err = strconv.ParseFloat(value, 64)
	return err == nil
}

// quoted returns the text up to the closing quote, and what is after it.
func quoted(text string) (value, rest string, ok bool) {
	end := strings.IndexAny(text, `"\`)
	if end >= 0 && text[end] == '"' {
		return text[:end], text[end+1:], true
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
