package database

import (
	"strconv"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
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
	isLater
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

// Later holds where the moment in the column is later than a time on the database's clock,
// in milliseconds. It does not hold where the column is NULL or holds no time.
func Later(c Column, millis int64) Condition {
	return Condition{kind: isLater, column: c, values: []string{strconv.FormatInt(millis, 10)}}
}

// Matches holds where a predicate in the database's own SQL does. It comes from
// the operator and is taken as it is.
func Matches(sql string) Condition { return Condition{kind: matches, sql: strings.TrimSpace(sql)} }

// render writes the condition in the database's SQL.
func (c Condition) render(d dialect.Dialect, args *[]any) string {
	name := d.Quote(c.column.Name)
	switch c.kind {
	case isNull:
		return name + " IS NULL"
	case isNotEmpty:
		return d.Text(c.column) + " <> ''"
	case isPositive:
		return name + " > 0"
	case isOneOf:
		values := make([]string, len(c.values))
		for i, v := range c.values {
			values[i] = d.Literal(c.column, v, args)
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
				parts[j] = d.Quote(column.Name) + " = " + d.Literal(column, parts[j], args)
			}
			keys[i] = strings.Join(parts, " AND ")
		}
		return "(" + strings.Join(keys, " OR ") + ")"
	case isAfter:
		return d.Beyond(c.columns, " > ", c.values, args)
	case isInRange:
		return name + " > " + d.FromRaw(c.column, c.values[0], args) + " AND " + name + " <= " + d.FromRaw(c.column, c.values[1], args)
	case isLater:
		millis, _ := d.Millis(c.column) // who makes the condition has checked that it holds time
		return "(" + millis + ") > " + c.values[0]
	default:
		return "(" + c.sql + ")"
	}
}

// All joins conditions with AND.
func All(conditions []Condition, d dialect.Dialect, args *[]any) string {
	parts := make([]string, len(conditions))
	for i, c := range conditions {
		parts[i] = c.render(d, args)
	}
	return strings.Join(parts, " AND ")
}

// constant is the predicate of an index that holds only such rows, or empty when
// the condition varies.
func (c Condition) constant(d dialect.Dialect) string {
	switch c.kind {
	case isNull:
		return d.Quote(c.column.Name) + " IS NULL"
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
	for _, word := range dialect.Words(c.sql) {
		for _, column := range t.Columns {
			if strings.EqualFold(column.Name, word) {
				names = append(names, column.Name)
			}
		}
	}
	return names
}

// about names the columns that the conditions of a selection are about.
func about(s Selection) []string {
	var names []string
	for _, c := range s.Where {
		names = append(names, c.about(s.Table)...)
	}
	return names
}
