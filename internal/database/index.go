package database

import (
	"regexp"
	"slices"
	"strings"
)

// index is an index that would answer a query.
type index struct {
	table   *Table
	columns []string
	where   string // of a partial index, in the database's SQL; empty for a full one
	// full are the columns for a database without partial indexes.
	full  []string
	price string // what it costs, in one clause
}

var notInName = regexp.MustCompile(`[^a-z0-9_]+`)

// index is the one that answers questions about a selection: its constant
// conditions make it partial, its varying ones come first, and then the order.
func (s Selection) index(d dialect) index {
	x := index{table: s.Table, price: "every insert writes it, too"}
	var where []string
	moves := false
	for _, c := range s.Where {
		x.full = append(x.full, c.about(s.Table)...)
		if constant := c.constant(d); constant != "" {
			where = append(where, constant)
		} else {
			x.columns = append(x.columns, c.about(s.Table)...)
		}
		moves = true
	}
	if moves {
		x.price = "every insert and every update that moves a row in or out of it writes it, too"
		if d.name() == postgresName {
			x.price += ", and such updates are no longer HOT, so vacuum has more to do"
		}
	}
	x.where = strings.Join(where, " AND ")
	if len(where) > 1 {
		x.where = "(" + strings.Join(where, ") AND (") + ")"
	}
	var tail []string
	for _, c := range s.order() {
		tail = append(tail, c.Name)
	}
	x.columns = unique(append(x.columns, tail...))
	x.full = unique(append(x.full, tail...))
	return x
}

// name is made of the table and what the index holds. A partial one is named
// after its predicate, for there may be several on the same columns.
func (x index) name(columns []string, where string) string {
	parts := append([]string{"lostorder", x.table.Name}, columns...)
	if where != "" {
		parts = append([]string{"lostorder", x.table.Name}, words(strings.ReplaceAll(where, "'", " "))...)
	}
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(strings.Join(parts, "_")), "_"), "_")
	return strings.Trim(name[:min(len(name), 60)], "_") // PostgreSQL cuts names at 63 bytes
}

func unique(names []string) []string {
	var all []string
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// create writes CREATE INDEX with the columns and the predicate given.
func (x index) create(d dialect, how string, columns []string, where string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = d.quote(c)
	}
	table := d.quote(x.table.Name)
	if x.table.Schema != "" {
		table = d.quote(x.table.Schema) + "." + table
	}
	text := "CREATE INDEX " + how + d.quote(x.name(columns, where)) + " ON " + table + " (" + strings.Join(quoted, ", ") + ")"
	if where != "" {
		text += " WHERE " + where
	}
	return text + ";"
}
