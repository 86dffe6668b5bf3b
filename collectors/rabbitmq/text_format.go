package rabbitmq

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

var errNotMetrics = errors.New("the answer is not from the prometheus plugin; check the address")

// sample is one line of the Prometheus text format. It is valid until the next line.
type sample struct {
	name   []byte // without the requested prefix
	labels []byte // raw, without the braces
	rest   []byte
}

// label returns the value of a label, or an empty string.
func (s *sample) label(name string) string {
	for rest := string(s.labels); rest != ""; {
		known, after, ok := strings.Cut(rest, `="`)
		if !ok {
			return ""
		}
		value, left, ok := quoted(after)
		if !ok {
			return ""
		}
		if known == name {
			return value
		}
		rest = strings.TrimPrefix(left, ",")
	}
	return ""
}

// value returns the number. It is nearly always an integer.
func (s *sample) value() (float64, bool) {
	number := bytes.TrimLeft(s.rest, " ")
	whole := 0
	for i, c := range number {
		if c < '0' || c > '9' || i == 15 {
			number, _, _ := bytes.Cut(number, []byte(" "))
			value, err := strconv.ParseFloat(string(number), 64)
			return value, err == nil
		}
		whole = 10*whole + int(c-'0')
	}
	return float64(whole), len(number) > 0
}

// largestCount is above any number of messages. A value that is larger, negative or NaN is
// unknown, and sums of a few counts cannot overflow.
const largestCount = 1 << 53

// count returns the number as a count.
func (s *sample) count() (count signal.Count, understood bool) {
	value, ok := s.value()
	return countOf(value), ok
}

func countOf(value float64) signal.Count {
	if !(value >= 0 && value <= largestCount) { // false for NaN
		return signal.Unknown
	}
	return signal.Count(value)
}

// longestLine bounds how much of an answer is in memory. The broker allows 255 bytes for
// each name, and escaping can double them.
const longestLine = 64 << 10

// samples passes on the lines whose names begin with the prefix, until one cannot be
// parsed. It is not a general parser: it reads what the plugin writes, with far fewer
// allocations.
func samples(from io.Reader, prefix string, each func(*sample) (understood bool)) error {
	lines := bufio.NewReaderSize(from, longestLine)
	var s sample
	for first := true; ; first = false {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return errNotMetrics
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case err != nil && len(line) == 0:
			return nil
		case first && !isTextFormat(line):
			return errNotMetrics
		case err != nil:
			return errCutOff
		}
		if !bytes.HasPrefix(line, []byte(prefix)) {
			continue
		}
		if !s.parse(line[len(prefix):len(line)-1]) || !each(&s) {
			return errNotMetrics
		}
	}
}

// isTextFormat reports whether this can be the first line of the plugin's answer.
func isTextFormat(line []byte) bool {
	return line[0] == '#' || bytes.HasPrefix(line, []byte("rabbitmq_")) || bytes.HasPrefix(line, []byte("erlang_"))
}

// parse splits a line. A label value may contain a brace, but then a quote follows it.
func (s *sample) parse(line []byte) bool {
	at := bytes.IndexByte(line, '{')
	if at < 0 {
		at = bytes.IndexByte(line, ' ')
	}
	if at < 0 {
		return false
	}
	s.name, s.labels, s.rest = line[:at], nil, line[at:]
	if line[at] == '{' {
		end := bytes.LastIndexByte(line, '}')
		if end < at {
			return false
		}
		s.labels, s.rest = line[at+1:end], line[end+1:]
	}
	return true
}

// quoted returns the text up to the closing quote, and the rest.
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
