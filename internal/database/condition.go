package database

import (
	"slices"
	"strings"
	"unicode"
)

// Condition is something that holds for a row or does not.
type Condition struct {
	kind    conditionKind
	column  Column
	columns []Column // those of a place or of keys, in place of one
	values  []string
	sql     string
}

type conditionKind uint8

const (
	isNull conditionKind = iota
	isNotEmpty
	isPositive
	isOneOf
	isOneOfKeys
	isAfter
	isInRange
	matches
)

// IsNull holds where the column is NULL.
func IsNull(c Column) Condition { return Condition{kind: isNull, column: c} }

// NotEmpty holds where the column is neither NULL nor an empty text.
func NotEmpty(c Column) Condition { return Condition{kind: isNotEmpty, column: c} }

// Positive holds where the number in the column is above zero.
func Positive(c Column) Condition { return Condition{kind: isPositive, column: c} }

// OneOf holds where the column is one of the values.
func OneOf(c Column, values ...string) Condition {
	return Condition{kind: isOneOf, column: c, values: values}
}

// OneOfKeys holds where the columns are, together, one of the keys, which are
// written as their IDs.
func OneOfKeys(columns []Column, ids ...string) Condition {
	if len(columns) == 1 {
		return OneOf(columns[0], ids...)
	}
	return Condition{kind: isOneOfKeys, columns: columns, values: ids}
}

// Matches holds where a predicate in the database's own SQL does. It comes from
// the operator and is taken as it is.
func Matches(sql string) Condition { return Condition{kind: matches, sql: strings.TrimSpace(sql)} }

// render writes the condition in the database's SQL.
func (c Condition) render(d dialect, args *[]any) string {
	name := d.quote(c.column.Name)
	switch c.kind {
	case isNull:
		return name + " IS NULL"
	case isNotEmpty:
		return d.text(c.column) + " <> ''"
	case isPositive:
		return name + " > 0"
	case isOneOf:
		values := make([]string, len(c.values))
		for i, v := range c.values {
			values[i] = literal(d, c.column, v, args)
		}
		if len(values) == 1 {
			return name + " = " + values[0]
		}
		return name + " IN (" + strings.Join(values, ", ") + ")"
	case isOneOfKeys:
		keys := make([]string, len(c.values))
		for i, id := range c.values {
			parts := KeyOf(id, len(c.columns))
			for j, column := range c.columns {
				parts[j] = d.quote(column.Name) + " = " + literal(d, column, parts[j], args)
			}
			keys[i] = strings.Join(parts, " AND ")
		}
		return "(" + strings.Join(keys, " OR ") + ")"
	case isAfter:
		return beyond(d, c.columns, " > ", c.values, args)
	case isInRange:
		return name + " > " + writtenBack(d, c.column, c.values[0], args) + " AND " + name + " <= " + writtenBack(d, c.column, c.values[1], args)
	default:
		return "(" + c.sql + ")"
	}
}

// renderAll joins conditions with AND; there is always at least one.
func renderAll(conditions []Condition, d dialect, args *[]any) string {
	parts := make([]string, len(conditions))
	for i, c := range conditions {
		parts[i] = c.render(d, args)
	}
	return strings.Join(parts, " AND ")
}

// constant is the predicate of an index that holds only such rows, or empty when
// the condition varies.
func (c Condition) constant(d dialect) string {
	switch c.kind {
	case isNull:
		return d.quote(c.column.Name) + " IS NULL"
	case matches:
		return c.sql
	default:
		return ""
	}
}

// about names the columns of the table that the condition is about.
func (c Condition) about(t *Table) []string {
	var names []string
	if len(c.columns) > 0 {
		for _, column := range c.columns {
			names = append(names, column.Name)
		}
		return names
	}
	if c.kind != matches {
		return []string{c.column.Name}
	}
	for _, word := range words(c.sql) {
		for _, column := range t.Columns {
			if strings.EqualFold(column.Name, word) {
				names = append(names, column.Name)
			}
		}
	}
	return names
}

// covers reports whether conditions are about no columns but those given, for an
// index on which nothing is then left to filter out.
func covers(given []string, conditions []Condition, t *Table) bool {
	for _, c := range conditions {
		for _, column := range c.about(t) {
			if !slices.ContainsFunc(given, func(name string) bool { return strings.EqualFold(name, column) }) {
				return false
			}
		}
	}
	return true
}

// words lists the identifiers in SQL, leaving out what is in single quotes.
func words(sql string) []string {
	var all []string
	for i, part := range strings.Split(sql, "'") {
		if i%2 == 1 {
			continue
		}
		all = append(all, strings.FieldsFunc(part, func(r rune) bool {
			return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})...)
	}
	return all
}

// CheckPredicate says what makes a text no predicate, without a database: a
// statement of its own, or quotes and parentheses that do not match. It returns
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
