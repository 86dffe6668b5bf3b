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

var errNotMetrics = errors.New("the answer is not of the prometheus plugin")

// sample is one line of the Prometheus text format. What it holds is good until
// the next line.
type sample struct {
	name   []byte // without the prefix that was asked for
	labels []byte // as they are written, without the braces
	rest   []byte
}

// label returns the value of a label; empty where there is none.
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

// value returns the number, which nearly always is a whole one.
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

// largestCount is above any number of messages; what is larger, negative or not a number
// is unknown. Sums of a few stay far from an overflow.
const largestCount = 1 << 53

// count returns the number as a count.
func (s *sample) count() (count signal.Count, understood bool) {
	value, ok := s.value()
	return countOf(value), ok
}

func countOf(value float64) signal.Count {
	if !(value >= 0 && value <= largestCount) { // not a number is neither
		return signal.Unknown
	}
	return signal.Count(value)
}

// longestLine bounds what is held of an answer at a time: the broker allows 255
// bytes for each name, which an escape doubles.
const longestLine = 64 << 10

// samples hands over the lines whose names begin with the prefix, until one is not
// understood. It is not a general parser: it reads what the plugin writes, at a
// fraction of the garbage.
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
		case first && !ours(line):
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

// ours reports whether an answer that begins with this line is of the plugin.
func ours(line []byte) bool {
	return line[0] == '#' || bytes.HasPrefix(line, []byte("rabbitmq_")) || bytes.HasPrefix(line, []byte("erlang_"))
}

// parse finds the parts of a line. A brace may be in a name, but not without the
// quote that ends the name after it.
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
