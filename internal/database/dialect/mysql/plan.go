package mysql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// plan reads the tabular EXPLAIN, which all versions of both servers have: type
// ALL is the whole table, index the whole of an index.
func (d *server) Plan(ctx context.Context, tx dialect.Tx, q dialect.Query) ([]dialect.Scan, error) {
	var steps []map[string]string
	err := tx.Ask(ctx, "EXPLAIN FORMAT=TRADITIONAL "+q.SQL, q.Args, func(rows *sql.Rows) error {
		step, err := byName(rows)
		steps = append(steps, step)
		return err
	})
	if err != nil {
		return nil, err
	}
	var scans []dialect.Scan
	for _, step := range steps {
		s, err := d.scan(ctx, tx, q, step)
		if err != nil {
			return nil, err
		}
		scans = append(scans, s...)
	}
	return scans, nil
}

func (d *server) scan(ctx context.Context, tx dialect.Tx, q dialect.Query, step map[string]string) ([]dialect.Scan, error) {
	table, extra := step["table"], step["Extra"]
	sorts := strings.Contains(extra, "Using filesort") || strings.Contains(extra, "Using temporary")
	filters := strings.Contains(extra, "Using where")
	if table == "" || strings.HasPrefix(table, "<") {
		return nil, nil // the result of a subquery, in memory
	}
	switch step["type"] {
	case "ALL", "index":
		if !sorts && !filters && q.Whole {
			return nil, nil // each row that is read counts towards the limit
		}
		if table != q.Table.Name {
			return []dialect.Scan{{Table: table, Rows: number(step["rows"])}}, nil
		}
		// The plan tells how many rows it hopes to read before the limit is reached,
		// not how many it will.
		rows, err := d.rows(ctx, tx, q.Table)
		return []dialect.Scan{{Table: table, Rows: max(rows, number(step["rows"]))}}, err
	default:
		if sorts {
			return []dialect.Scan{{Table: table, Rows: number(step["rows"]), Sorts: true}}, nil
		}
		if !filters || table != q.Table.Name || number(step["rows"]) <= int64(d.config.ScanLimit) {
			return nil, nil // the index leads to the rows, or to few
		}
		// "Using where" is also said of what the index decides alone.
		parts, err := d.keyParts(ctx, tx, q)
		if err != nil || len(parts) == 0 || q.Covers(parts) {
			return nil, err
		}
		return []dialect.Scan{{Table: table, Rows: number(step["rows"]), Filters: true}}, nil
	}
}

// keyParts lists the columns by which an index leads to rows of the table, which
// only the plan in JSON tells; none when it is in a form that we do not know.
func (d *server) keyParts(ctx context.Context, tx dialect.Tx, q dialect.Query) ([]string, error) {
	var text []byte
	err := tx.Ask(ctx, "EXPLAIN FORMAT=JSON "+q.SQL, q.Args, func(rows *sql.Rows) error { return rows.Scan(&text) })
	if err != nil {
		return nil, err
	}
	var plan any
	if err := json.Unmarshal(text, &plan); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	return partsIn(plan, q.Table.Name), nil
}

// partsIn looks for the table wherever in the plan it is, which differs from
// version to version.
func partsIn(plan any, table string) (parts []string) {
	switch at := plan.(type) {
	case []any:
		for _, below := range at {
			parts = append(parts, partsIn(below, table)...)
		}
	case map[string]any:
		used, older := at["used_key_parts"].([]any)
		if !older { // in the form that MySQL 9 writes
			used, _ = at["key_columns"].([]any)
		}
		for _, part := range used {
			if name, ok := part.(string); ok && at["table_name"] == table {
				parts = append(parts, dialect.Words(name)...) // a part may be an expression
			}
		}
		for _, below := range at {
			parts = append(parts, partsIn(below, table)...)
		}
	}
	return parts
}

// rows estimates the size of a table, without reading it.
func (d *server) rows(ctx context.Context, tx dialect.Tx, t *dialect.Table) (int64, error) {
	var rows sql.NullInt64
	err := tx.Ask(ctx, "SELECT table_rows FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", []any{t.Schema, t.Name},
		func(from *sql.Rows) error { return from.Scan(&rows) })
	return rows.Int64, err
}

// byName reads a row whose columns differ from version to version; NULL is an empty text.
func byName(rows *sql.Rows) (map[string]string, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]sql.NullString, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	row := make(map[string]string, len(names))
	for i, name := range names {
		row[name] = values[i].String
	}
	return row, nil
}

// number reads the digits of an estimate.
func number(text string) int64 {
	var n int64
	for _, c := range text {
		if c < '0' || c > '9' || n > 1<<50 {
			break
		}
		n = n*10 + int64(c-'0')
	}
	return n
}
