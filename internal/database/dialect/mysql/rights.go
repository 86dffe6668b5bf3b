package mysql

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// reading are the rights that only read, or that lostorder asks for.
var reading = []string{
	"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "REPLICATION CLIENT", "BINLOG MONITOR", "SLAVE MONITOR", "REPLICA MONITOR", "PROXY",
}

// Excess lists the rights of the user beyond reading, grant by grant.
func (d *server) Excess(ctx context.Context, tx dialect.Tx) (all []string, err error) {
	err = tx.Ask(ctx, "SHOW GRANTS", nil, func(rows *sql.Rows) error {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if text := excessOf(line); text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
		return nil
	})
	return all, err
}

// excessOf is what a line of SHOW GRANTS gives beyond reading.
func excessOf(line string) string {
	text, ok := strings.CutPrefix(line, "GRANT ")
	rights, rest, on := strings.Cut(text, " ON ")
	if !ok || !on {
		return "" // a role, whose rights have lines of their own
	}
	where, _, _ := strings.Cut(rest, " TO ")
	var more []string
	for _, right := range splitRights(rights) {
		name, _, _ := strings.Cut(right, " (")
		if !slices.Contains(reading, name) {
			more = append(more, name)
		}
	}
	if strings.Contains(rest, "WITH GRANT OPTION") {
		more = append(more, "GRANT OPTION")
	}
	if len(more) == 0 {
		return ""
	}
	const most = 6
	if len(more) > most {
		more = append(more[:most], "…")
	}
	return "has " + strings.Join(more, ", ") + " on " + where
}

// splitRights splits at the commas that are not between columns.
func splitRights(rights string) (all []string) {
	depth, from := 0, 0
	for i, c := range rights {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				all = append(all, strings.TrimSpace(rights[from:i]))
				from = i + 1
			}
		}
	}
	return append(all, strings.TrimSpace(rights[from:]))
}
