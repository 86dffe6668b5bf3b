package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// plan reads EXPLAIN QUERY PLAN: "SCAN t" is all of a table, "SCAN t USING INDEX
// x" all of an index, "SEARCH …" a part of one.
func (d *file) Plan(ctx context.Context, tx dialect.Tx, q dialect.Query) ([]dialect.Scan, error) {
	var steps []string
	sorts := false
	err := tx.Ask(ctx, "EXPLAIN QUERY PLAN "+q.SQL, q.Args, func(rows *sql.Rows) error {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return err
		}
		// "… FOR LAST TERM OF ORDER BY" sorts only rows of the same moment.
		sorts = sorts || strings.HasPrefix(detail, "USE TEMP B-TREE FOR") && !strings.Contains(detail, " LAST ")
		steps = append(steps, detail)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var scans []dialect.Scan
	for _, step := range steps {
		table, ok := strings.CutPrefix(step, "SCAN ")
		table, using, indexed := strings.Cut(table, " USING ")
		if !ok || q.Whole && !sorts {
			continue // with nothing filtered out it ends at its limit
		}
		if indexed {
			rows, partial, err := d.partial(ctx, tx, using, sorts)
			if err != nil {
				return nil, err
			}
			// It holds the rows that are asked for and no others. Where they are sorted, all of
			// them are read.
			if partial && sorts {
				scans = append(scans, dialect.Scan{Table: table, Rows: rows, More: true})
			}
			if partial {
				continue
			}
		}
		rows, found, err := d.size(ctx, tx, table)
		if err != nil {
			return nil, err
		}
		if !found && q.Table.Query != "" && !strings.HasPrefix(table, "(") && table != "CONSTANT ROW" {
			// A name that the operator's query gives to a table: any of those in it.
			if rows, found, err = d.largest(ctx, tx, dialect.Words(q.Table.Query)); err != nil {
				return nil, err
			}
		}
		if found {
			scans = append(scans, dialect.Scan{Table: table, Rows: rows, More: true})
		}
	}
	return scans, nil
}

// condition is the WHERE of a partial index. An index contains no query, so that the first
// WHERE after a parenthesis is its own.
var condition = regexp.MustCompile(`(?is)\)\s*WHERE\s(.*)$`)

// partial reports whether the index in "COVERING INDEX x" has a WHERE, and counts its rows if
// that is asked for, no further than one beyond the scan limit.
func (d *file) partial(ctx context.Context, tx dialect.Tx, using string, count bool) (rows int64, partial bool, err error) {
	name := using[strings.LastIndex(using, " ")+1:]
	var table, text string
	err = tx.Ask(ctx, `SELECT m.tbl_name, coalesce(m.sql, '') FROM sqlite_master AS m, pragma_index_list(m.tbl_name) AS l WHERE m.type = 'index' AND m.name = ? AND l.name = m.name AND l.partial`,
		[]any{name}, func(rows *sql.Rows) error { return rows.Scan(&table, &text) })
	if err != nil || table == "" {
		return 0, false, err
	}
	where := condition.FindStringSubmatch(text)
	if !count || where == nil {
		return 0, !count, nil
	}
	text = fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s INDEXED BY %s WHERE %s LIMIT %d)", d.Quote(table), d.Quote(name), where[1], d.scanLimit+1)
	err = tx.Ask(ctx, text, nil, func(from *sql.Rows) error { return from.Scan(&rows) })
	return rows, err == nil, err
}

// largest is the size of the largest of the tables among some words.
func (d *file) largest(ctx context.Context, tx dialect.Tx, words []string) (rows int64, found bool, err error) {
	for _, word := range words {
		n, is, err := d.size(ctx, tx, word)
		if err != nil {
			return 0, false, err
		}
		rows, found = max(rows, n), found || is
	}
	return rows, found, nil
}

// size counts the rows of a table, but no further than one beyond the scan limit.
// What is scanned may also be the result of a subquery, which is no table.
func (d *file) size(ctx context.Context, tx dialect.Tx, table string) (rows int64, found bool, err error) {
	t, err := d.Describe(ctx, tx, "", table)
	if err != nil || t == nil {
		return 0, false, err
	}
	text := fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d)", d.Quote(t.Name), d.scanLimit+1)
	err = tx.Ask(ctx, text, nil, func(from *sql.Rows) error { return from.Scan(&rows) })
	return rows, true, err
}
