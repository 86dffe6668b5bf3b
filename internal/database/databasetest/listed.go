package databasetest

import (
	"strings"
	"testing"
)

// Listed runs SQL as it is printed, and returns the first of two columns.
func (s *Shop) Listed(t *testing.T, text string) (ids []string) {
	t.Helper()
	rows, err := s.Admin.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, more string
		if err := rows.Scan(&id, &more); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// Lines runs a statement and returns its rows, each with a tab between its columns.
func (s *Shop) Lines(t *testing.T, text string) (lines []string) {
	t.Helper()
	rows, err := s.Admin.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	fields, into := make([]string, len(names)), make([]any, len(names))
	for i := range fields {
		into[i] = &fields[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Join(fields, "\t"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
