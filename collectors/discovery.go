package collectors

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/lostorder/lostorder/internal/discover/draft"
)

// Discovery is how lostorder discover proposes an entry of a source from an address alone.
type Discovery struct {
	Flag, Placeholder, Help string
	// Entry writes the entry for an address, without what observing it will show. hide returns
	// what the config holds in the place of a secret.
	Entry func(address string, hide func(secret string) string) (*draft.Entry, error)
	// Queues is how the config calls queues: topics, queues.
	Queues string
	// Groups: an objective may name the group that reads a queue.
	Groups bool
	// Pair says why a queue is the dead letter queue of another one.
	Pair string
}

// Address is an address of the command line, taken apart. A user and a password may be
// written as variables, which no URL may hold.
type Address struct {
	Scheme, Host, Path string
	User, Password     string
	Options            url.Values
}

var addressParts = regexp.MustCompile(`^(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(?:([^:@/?]*)(?::(.*))?@)?([^@/?]*)(/[^?]*)?(?:\?(.*))?$`)

// ParseAddress takes an address apart. The error does not repeat it.
func ParseAddress(text string) (Address, error) {
	m := addressParts.FindStringSubmatch(text)
	if m == nil || m[4] == "" {
		return Address{}, errors.New("not an address")
	}
	a := Address{Scheme: strings.ToLower(m[1]), User: m[2], Password: m[3], Host: m[4], Path: strings.TrimRight(m[5], "/")}
	var err error
	for _, part := range []*string{&a.User, &a.Password} {
		if strings.Contains(*part, "${") {
			continue
		}
		if *part, err = url.PathUnescape(*part); err != nil {
			return Address{}, errors.New("not an address: a per cent sign in the user or the password has to be written as %25")
		}
	}
	if a.Options, err = url.ParseQuery(m[6]); err != nil {
		return Address{}, errors.New("not an address: what follows the question mark is not name=value")
	}
	return a, nil
}

// Take returns an option and removes it.
func (a *Address) Take(name string) string {
	value := a.Options.Get(name)
	a.Options.Del(name)
	return value
}

// Left names an option that was not taken; empty where there is none.
func (a *Address) Left() string {
	for name := range a.Options {
		return name
	}
	return ""
}

// Credentials are the lines for a user and a password, or for the file that holds it.
func (a *Address) Credentials(hide func(secret string) string) []draft.Line {
	if a.User == "" {
		return nil
	}
	lines := []draft.Line{{Key: "username", Value: variable(a.User)}}
	switch file := a.Take("password_file"); {
	case file != "":
		lines = append(lines, draft.Line{Key: "password_file", Value: file})
	case a.Password != "":
		lines = append(lines, draft.Line{Key: "password", Value: draft.Raw(hide(a.Password))})
	}
	return lines
}

// variable keeps a text that has variables as it is.
func variable(text string) any {
	if strings.Contains(text, "${") {
		return draft.Raw(text)
	}
	return text
}
