package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Duration is a length of time written as Prometheus writes it: "15s", "1m30s",
// "7d". The units are ms, s, m, h, d, w and y; a plain 0 is allowed.
type Duration time.Duration

// ParseDuration reads a duration as Prometheus does.
func ParseDuration(text string) (Duration, error) {
	d, err := model.ParseDuration(text)
	if err != nil {
		if rest, negative := strings.CutPrefix(text, "-"); negative {
			if _, err := model.ParseDuration(rest); err == nil {
				return 0, fmt.Errorf("%q is negative, which a duration must not be", text)
			}
		}
		return 0, fmt.Errorf("%q is not a duration; write for example 15s, 1m30s or 7d", text)
	}
	return Duration(d), nil
}

// String writes the duration as the file would: "1m30s".
func (d Duration) String() string { return model.Duration(d).String() }

// MarshalText writes the duration as the file would.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the duration as the file does.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err == nil {
		*d = parsed
	}
	return err
}
