package dialect

import (
	"slices"
	"strings"
)

// IsNumeric reports whether a text is a plain number, so that it may stand in SQL as it is.
func IsNumeric(text string, whole bool) bool {
	digits := strings.TrimPrefix(text, "-")
	if !whole {
		if before, after, ok := strings.Cut(digits, "."); ok {
			digits = before + after
		}
	}
	return digits != "" && len(digits) <= 70 && strings.Trim(digits, "0123456789") == ""
}

// IsHex reports whether a text is bytes in hex, as Canonical writes them.
func IsHex(text string) bool {
	return len(text)%2 == 0 && strings.Trim(text, "0123456789abcdef") == ""
}

// Dashed writes the hex of a UUID as people do; other hex stays as it is.
func Dashed(hex string) string {
	if len(hex) != 32 {
		return hex
	}
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
}

// Spellings are the ways in which a column may hold a key. Only UUIDs that are kept as text
// have several.
func Spellings(d Dialect, c Column, f Form, v string, args *[]any) []string {
	if f != Binary || d.Form(c) != Text {
		text, ok := d.KeyValue(c, f, v, args)
		if !ok {
			return nil
		}
		return []string{text}
	}
	all := []string{Dashed(v), strings.ToUpper(Dashed(v)), v, strings.ToUpper(v)}
	slices.Sort(all)
	all = slices.Compact(all)
	for i, s := range all {
		all[i] = d.Value(s, args)
	}
	return all
}
