package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

const hidden = "<secret>"

// Secret is a value that is never shown: every way of printing, encoding or
// logging it gives "<secret>". Only Reveal returns what it holds.
//
// Keep secrets in exported fields, and never as the keys of a map: fmt does not
// call the methods of unexported fields, nor encoding/json those of string keys.
type Secret string

// Reveal returns the value itself; for the call that needs it, and nothing else.
func (s Secret) Reveal() string { return string(s) }

// String hides the value.
func (s Secret) String() string { return hidden }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return hidden }

// Format hides the value from every verb, such as %x.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalJSON hides the value.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// MarshalText hides the value from every other encoder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalYAML hides the value.
func (s Secret) MarshalYAML() (any, error) { return hidden, nil }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
