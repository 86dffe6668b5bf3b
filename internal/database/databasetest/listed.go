package databasetest

import "testing"

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
