package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// setText gives v the value of a text. Messages show the text of the file instead (shown),
// because the expanded ${…} may be secret.
func setText(v reflect.Value, sh *shape, text, shown string) error {
	switch sh.kind {
	case kindString, kindSecret:
		v.SetString(text)
	case kindBool:
		b, err := strconv.ParseBool(text)
		if err != nil || (strings.ToLower(text) != "true" && strings.ToLower(text) != "false") {
			return fmt.Errorf("%s is neither true nor false", quote(shown))
		}
		v.SetBool(b)
	case kindInt:
		n, err := strconv.ParseInt(text, 0, v.Type().Bits())
		if err != nil {
			largest := uint64(1)<<(v.Type().Bits()-1) - 1
			return wholeNumber(err, shown, "-"+strconv.FormatUint(largest+1, 10), largest)
		}
		v.SetInt(n)
	case kindUint:
		n, err := strconv.ParseUint(text, 0, v.Type().Bits())
		if err != nil {
			if _, negative := strconv.ParseInt(text, 0, 64); negative == nil && text[0] == '-' {
				return fmt.Errorf("%s is too small; the minimum is 0", shown)
			}
			return wholeNumber(err, shown, "0", uint64(1)<<v.Type().Bits()-1)
		}
		v.SetUint(n)
	case kindFloat:
		n, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Errorf("%s is not a number; write for example 0.5", quote(shown))
		}
		v.SetFloat(n)
	default:
		reader, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
		if !ok {
			return fmt.Errorf("a single value is not allowed here")
		}
		if err := reader.UnmarshalText([]byte(text)); err != nil {
			return errors.New(replaceValue(err.Error(), text, shown))
		}
	}
	return nil
}

func wholeNumber(err error, shown, least string, most uint64) error {
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s is out of range; use a number from %s to %d", short(shown), least, most)
	}
	return fmt.Errorf("%s is not a whole number; write for example 3", quote(shown))
}

// checkBounds compares a number or a duration with min and max.
func (f *field) checkBounds(v reflect.Value, sh *shape, shown string) string {
	bound := func(text string) reflect.Value {
		b := reflect.New(sh.typ).Elem()
		_ = setText(b, sh, text, text) // the tags were checked with the type
		return b
	}
	small, large := "too small; the minimum is", "too large; the maximum is"
	if sh.kind == kindDuration {
		small, large = "too short; the minimum is", "too long; the maximum is"
	}
	if f.min != "" && less(v, bound(f.min)) {
		return fmt.Sprintf("%s is %s %s", shown, small, f.min)
	}
	if f.max != "" && less(bound(f.max), v) {
		return fmt.Sprintf("%s is %s %s", shown, large, f.max)
	}
	return ""
}

func less(a, b reflect.Value) bool {
	switch {
	case a.CanInt():
		return a.Int() < b.Int()
	case a.CanUint():
		return a.Uint() < b.Uint()
	}
	return a.Float() < b.Float()
}

// quote shows a value of the file, cut short when it is long.
func quote(text string) string {
	if start := cutShort(text); start != text {
		text = start + "…"
	}
	return strconv.Quote(text)
}

// cutShort is as much of a value as a message shows.
func cutShort(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}

// replaceValue removes a value from a message, also a quoted one. A very short value
// occurs in many words, so it is only removed within quotes.
func replaceValue(msg, value, shown string) string {
	if value == "" || value == shown {
		return msg
	}
	quoted := strconv.Quote(value)
	if len(value) < 4 {
		return strings.ReplaceAll(msg, quoted, `"`+shown+`"`)
	}
	msg = strings.ReplaceAll(msg, quoted[1:len(quoted)-1], shown)
	return strings.ReplaceAll(msg, value, shown)
}
