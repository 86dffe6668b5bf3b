package config

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// Pattern is a regular expression (RE2) that has to match the whole name, as
// Prometheus anchors it. The zero Pattern matches nothing.
type Pattern struct {
	text string
	re   *regexp.Regexp
}

// NewPattern compiles a pattern.
func NewPattern(text string) (Pattern, error) {
	// The text is compiled alone first: "a)(b" is wrong, though "^(?s:a)(b)$" is not.
	if _, err := regexp.Compile(text); err != nil {
		reason := err.Error()
		if bad, ok := errors.AsType[*syntax.Error](err); ok {
			reason = string(bad.Code)
		}
		return Pattern{}, fmt.Errorf("%q is not a regular expression (%s); write RE2 syntax, for example orders\\..*", text, reason)
	}
	re, err := regexp.Compile("^(?s:" + text + ")$")
	if err != nil {
		return Pattern{}, fmt.Errorf("%q cannot be anchored: %w", text, err)
	}
	return Pattern{text: text, re: re}, nil
}

// MustPattern is NewPattern for patterns in code; it panics on a bad one.
func MustPattern(text string) Pattern {
	p, err := NewPattern(text)
	if err != nil {
		panic("config: " + err.Error())
	}
	return p
}

// MatchString tells whether the pattern matches all of name.
func (p Pattern) MatchString(name string) bool { return p.re != nil && p.re.MatchString(name) }

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// MarshalText writes the pattern as it was written.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalText compiles the pattern.
func (p *Pattern) UnmarshalText(text []byte) error {
	compiled, err := NewPattern(string(text))
	if err == nil {
		*p = compiled
	}
	return err
}
