package dialect

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// ParseURL parses a URL without repeating it in the error, as net/url would. A password
// that is not escaped may end the host, and then looks like a port or a path.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	var escape url.EscapeError
	switch {
	case err == nil && spills(u):
		return nil, errEscape
	case err == nil && (u.User != nil || !strings.Contains(text, "@")):
		return u, nil
	case err == nil, errors.As(err, &escape), strings.Contains(err.Error(), "userinfo"):
		return nil, errEscape
	case strings.Contains(err.Error(), "invalid port"):
		return nil, errors.New("not a URL: the port is not a number, or a special character in the user or the password is not escaped, as @ is by %40")
	}
	return nil, ErrNoURL
}

var errEscape = errors.New("not a URL: a special character in the user or the password has to be escaped, for example @ as %40")

// spills reports whether a part of the password ended up behind the host: of a password with
// an @ and then a ?, a # or a /, the rest looks like options, a fragment or a path.
func spills(u *url.URL) bool {
	query := strings.Replace(u.RawQuery, "socket=@", "socket=", 1) // an abstract socket begins with @
	if u.Fragment != "" || strings.Contains(u.Path+u.Host+query, "@") {
		return true
	}
	for option := range strings.SplitSeq(u.RawQuery, "&") {
		if name, _, _ := strings.Cut(option, "="); strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return true
		}
	}
	return false
}

// ErrNoURL says how a URL looks.
var ErrNoURL = errors.New("not a URL; write for example postgres://user:password@host:5432/database")

// Credentials are the password of a URL, also as it is written there, and the whole of its
// userinfo.
func Credentials(u *url.URL) []string {
	if u.User == nil {
		return nil
	}
	password, set := u.User.Password()
	if !set {
		return nil
	}
	text := u.User.String()
	_, escaped, _ := strings.Cut(text, ":")
	return []string{password, escaped, text, u.User.Username() + ":" + password, u.Query().Get("password")}
}

// Scrub replaces secrets in a text, the longest first, also as they are written in a URL.
// One so short that every sentence has it stays, and so does a word of the sentence that
// happens to be a password: of the password "wrong", the value in an address is replaced,
// and not the word in "wrong password for user".
func Scrub(text string, secrets []string) string {
	const shortest = 4
	ordered := slices.Clone(secrets)
	slices.SortStableFunc(ordered, func(a, b string) int { return len(b) - len(a) })
	for _, s := range ordered {
		if len(s) >= shortest && s != hidden {
			text = scrubValue(text, s)
		}
	}
	return text
}

// scrubValue replaces one secret where it stands as a value.
func scrubValue(text, secret string) string {
	var clean strings.Builder
	for {
		before, after, found := strings.Cut(text, secret)
		clean.WriteString(before)
		if !found {
			return clean.String()
		}
		if isWord(secret) && inSentence(clean.String(), after) {
			clean.WriteString(secret)
		} else {
			clean.WriteString(hidden)
		}
		text = after
	}
}

// isWord reports whether a secret may as well be a word of a sentence.
func isWord(secret string) bool { return strings.Trim(secret, "abcdefghijklmnopqrstuvwxyz") == "" }

// inSentence reports whether what stands between two texts is a word of a sentence, and no
// value, as in "password: x", "password=x" and "://user:x@host".
func inSentence(before, after string) bool {
	led := strings.ToLower(strings.TrimRight(before, " ("))
	if before != "" && len(led) == len(before) {
		return false
	}
	for _, name := range []string{"password:", "passwd:", "pwd:", "pass:", "secret:", "="} {
		if strings.HasSuffix(led, name) {
			return false
		}
	}
	return after == "" || strings.ContainsRune(" ,.;:)", rune(after[0]))
}

const hidden = "<secret>"
