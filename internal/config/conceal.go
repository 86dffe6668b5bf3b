package config

import (
	"maps"
	"slices"
	"strings"
)

// environment looks up a variable, and remembers its value so that no message shows it.
func (d *decoder) environment(name string) (string, bool) {
	value, ok := d.lookup(name)
	if ok && value != "" {
		d.fromEnv[value] = "${" + name + "}"
	}
	return value, ok
}

// concealed are the problems without any secret, and without what came from the
// environment: only now all of them are known, and an alias may repeat one anywhere.
func (d *decoder) concealed() []Problem {
	for i := range d.problems {
		d.problems[i].Msg = d.conceal(d.problems[i].Msg)
	}
	return d.problems
}

// conceal takes every secret read so far out of a message. Validate may wrap
// the error of another package that repeats its input, as net/url does, whole
// or in part.
func (d *decoder) conceal(msg string) string {
	shown := map[string]string{}
	maps.Copy(shown, d.fromEnv)
	for _, secret := range d.secrets {
		for _, part := range append(passwordParts(secret), secret) {
			shown[part] = hidden
		}
	}
	all := make([]string, 0, len(shown))
	for value := range shown {
		if value != "" {
			all = append(all, value)
		}
	}
	// The longest first, or a part would break up the whole it is in.
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	for _, value := range all {
		msg = replaceValue(msg, value, shown[value])
		if start := cutShort(value); start != value {
			msg = strings.ReplaceAll(msg, quote(value), `"`+shown[value]+`"`)
			msg = replaceValue(msg, start, shown[value])
		}
	}
	return msg
}

// passwordParts are the password of a URL, and the pieces in which a parser may show one
// whose special characters are not escaped: to it they end the host, or the path. The
// last @ is the one that ends it.
func passwordParts(url string) []string {
	_, rest, ok := strings.Cut(url, "://")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 {
		return nil
	}
	_, password, _ := strings.Cut(rest[:at], ":")
	if password == "" {
		return nil
	}
	return append(strings.FieldsFunc(password, func(r rune) bool { return strings.ContainsRune("/?#:%@&=", r) }), password)
}
