package discover

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// secrets are the credentials of the addresses, by the variable that stands for each in the
// config.
type secrets struct {
	names  []string
	values map[string]string
	of     map[string]string // what each is, in words
}

// hide returns a variable that stands for a secret. A text that has variables is kept as
// it is.
func (s *secrets) hide(name, secret, what string) string {
	if secret == "" || strings.Contains(secret, "${") {
		return secret
	}
	if s.values == nil {
		s.values, s.of = map[string]string{}, map[string]string{}
	}
	base := variable(name)
	name = base
	for i := 2; s.values[name] != "" && s.values[name] != secret; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	if s.values[name] == "" {
		s.names = append(s.names, name)
	}
	s.values[name], s.of[name] = secret, what
	return "${" + name + "}"
}

var notInVariable = regexp.MustCompile(`[^A-Z0-9]+`)

// variable makes the name of a variable.
func variable(name string) string {
	name = strings.Trim(notInVariable.ReplaceAllString(strings.ToUpper(name), "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "DB_" + name
	}
	return name
}

// lookup finds a variable: one of the secrets, or one of the environment.
func (s *secrets) lookup(name string) (string, bool) {
	if value, ok := s.values[name]; ok {
		return value, true
	}
	return os.LookupEnv(name)
}

// scrub removes the secrets from a text.
func (s *secrets) scrub(text string) string {
	const shortest = 4 // a shorter one is in every sentence
	for name, value := range s.values {
		if len(value) >= shortest {
			text = strings.ReplaceAll(text, value, "${"+name+"}")
		}
	}
	return text
}

// withUser are addresses with a user and a password.
var withUser = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*://)([^:@/?]*):(.*)@([^@]*)$`)

// inQuery are passwords among the options of an address.
var inQuery = regexp.MustCompile(`([?&](?:ssl)?password=)([^&]+)`)

// address hides the password of an address.
func (s *secrets) address(name, text string) string {
	if m := withUser.FindStringSubmatch(text); m != nil && m[3] != "" {
		text = m[1] + m[2] + ":" + s.hide(name+"_password", m[3], "the password in "+m[1]+m[2]+"@"+inQuery.ReplaceAllString(m[4], "$1…")) + "@" + m[4]
	}
	return inQuery.ReplaceAllStringFunc(text, func(option string) string {
		m := inQuery.FindStringSubmatch(option)
		return m[1] + s.hide(name+"_password", m[2], "the password among the options of "+name)
	})
}
