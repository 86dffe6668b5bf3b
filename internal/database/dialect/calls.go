package dialect

import (
	"slices"
	"strings"
	"unicode"
)

// Call is a name in SQL that a parenthesis follows: a function, or a word of SQL such as
// IN. A name without quotes is in lower case.
type Call struct {
	Schema string // empty where the name stands alone
	Name   string
	Quoted bool
}

// String is the call as a message names it.
func (c Call) String() string {
	if c.Schema != "" {
		return c.Schema + "." + c.Name
	}
	return c.Name
}

// Calls lists what SQL may call, each once. Where it is not certain what a text literal
// is, because databases read a backslash or a dollar sign in different ways, what is in
// quotes counts too.
func Calls(sql string) []Call {
	calls := callsIn(tokens(sql))
	if isAmbiguous(sql) {
		calls = append(calls, callsIn(tokens(unquoted(sql)))...)
	}
	var all []Call
	for _, c := range calls {
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// Locks names what in SQL takes a lock or writes; it is empty where nothing does.
func Locks(sql string) string {
	found := locksIn(tokens(sql))
	if found == "" && isAmbiguous(sql) {
		found = locksIn(tokens(unquoted(sql)))
	}
	return found
}

func isAmbiguous(sql string) bool { return strings.ContainsAny(sql, `\$`) }

func unquoted(sql string) string {
	return strings.NewReplacer("'", " ", `"`, " ", "`", " ").Replace(sql)
}

// token is a name, or one other character of SQL. Blanks and text literals are none.
type token struct {
	text   string
	name   bool
	quoted bool
}

func tokens(sql string) (all []token) {
	rest := []rune(sql)
	for len(rest) > 0 {
		switch c := rest[0]; {
		case c == '\'':
			_, rest = quoted(rest)
		case c == '"' || c == '`':
			var text string
			text, rest = quoted(rest)
			all = append(all, token{text, true, true})
		case isNameRune(c):
			n := 1
			for n < len(rest) && isNameRune(rest[n]) {
				n++
			}
			all = append(all, token{strings.ToLower(string(rest[:n])), true, false})
			rest = rest[n:]
		default:
			if !unicode.IsSpace(c) {
				all = append(all, token{text: string(c)})
			}
			rest = rest[1:]
		}
	}
	return all
}

func isNameRune(c rune) bool {
	return c == '_' || c == '$' || unicode.IsLetter(c) || unicode.IsDigit(c)
}

// quoted cuts off what is in quotes; a quote that is written twice is in it.
func quoted(rest []rune) (text string, after []rune) {
	quote := rest[0]
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		if rest[i] != quote {
			b.WriteRune(rest[i])
			continue
		}
		if i+1 < len(rest) && rest[i+1] == quote {
			b.WriteRune(quote)
			i++
			continue
		}
		return b.String(), rest[i+1:]
	}
	return b.String(), nil
}

func callsIn(all []token) (calls []Call) {
	for i := 1; i < len(all); i++ {
		name := all[i-1]
		if all[i].text != "(" || all[i].name || !name.name {
			continue
		}
		c := Call{Name: name.text, Quoted: name.quoted}
		if i >= 3 && all[i-2].text == "." && all[i-3].name {
			c.Schema = all[i-3].text
		}
		calls = append(calls, c)
	}
	return calls
}

// locking are the words of SQL that lock rows or write.
var locking = [][]string{
	{"for", "update"},
	{"for", "share"},
	{"for", "no", "key", "update"},
	{"for", "key", "share"},
	{"lock", "in", "share", "mode"},
	{"next", "value", "for"},
	{"into"},
}

func locksIn(all []token) string {
	for i := range all {
		for _, words := range locking {
			if i+len(words) <= len(all) && follow(all[i:], words) {
				return strings.ToUpper(strings.Join(words, " "))
			}
		}
		if all[i].text == "u" && i+2 < len(all) && all[i+1].text == "&" && all[i+2].quoted {
			return "U&"
		}
	}
	return ""
}

// follow reports whether tokens begin with words.
func follow(all []token, words []string) bool {
	for i, word := range words {
		if all[i].quoted || all[i].text != word {
			return false
		}
	}
	return true
}
