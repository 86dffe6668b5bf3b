package database

import (
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// CheckPredicate says what makes a text no predicate, without a database: a
// statement of its own, a clause that locks, or quotes and parentheses that do not match. It returns
// an empty string when there is nothing.
func CheckPredicate(sql string) string {
	if wrong := unbalanced(sql, "a predicate alone, for example status = 'PENDING'"); wrong != "" {
		return wrong
	}
	if begins(sql, "select", "where") {
		return "write the predicate alone, without the words before it, for example status = 'PENDING'"
	}
	return ""
}

// CheckQuery says what makes a text no query that could stand for a table.
func CheckQuery(sql string) string {
	if wrong := unbalanced(sql, "one query alone"); wrong != "" {
		return wrong
	}
	if !begins(sql, "select", "with") {
		return "write one query that begins with SELECT or WITH"
	}
	return ""
}

func begins(sql string, words ...string) bool {
	first, _, _ := strings.Cut(strings.Join(strings.Fields(strings.ToLower(sql)), " "), " ")
	return slices.Contains(words, first)
}

// unbalanced says what is wrong with the quotes, parentheses and ends of a text.
func unbalanced(sql, instead string) string {
	if what := dialect.Locks(sql); what != "" {
		return what + " locks rows or writes; write " + instead
	}
	depth := 0
	var open, before rune
	for _, c := range sql {
		last := before
		before = c
		switch {
		case open != 0:
			if c == open {
				open = 0
			}
		case c == '\'' || c == '"' || c == '`':
			open = c
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return "a parenthesis is closed that was not opened"
			}
		case last == '-' && c == '-', last == '/' && c == '*':
			return "a comment would hide what comes after it; write it as a comment of YAML"
		case c == ';':
			return "a semicolon ends a statement; write " + instead
		}
	}
	switch {
	case open != 0:
		return "a quote is not closed"
	case depth > 0:
		return "a parenthesis is not closed"
	}
	return ""
}
