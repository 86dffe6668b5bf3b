package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// pgNode is one step of a plan, as EXPLAIN (FORMAT JSON, VERBOSE) shows it.
type pgNode struct {
	Type      string   `json:"Node Type"`
	Schema    string   `json:"Schema"`
	Table     string   `json:"Relation Name"`
	Index     string   `json:"Index Name"`
	IndexCond string   `json:"Index Cond"`
	Recheck   string   `json:"Recheck Cond"` // of a bitmap, which is made whole before a row is read
	Filter    string   `json:"Filter"`
	Rows      float64  `json:"Plan Rows"`
	Parent    string   `json:"Parent Relationship"`
	Plans     []pgNode `json:"Plans"`
}

// streams are steps that read no more than what is taken from them, so that a
// LIMIT above them ends what is below.
var streams = []string{"Limit", "Subquery Scan", "Result", "Append", "Merge Append", "Incremental Sort", "ProjectSet", "LockRows"}

// plan explains the query; it never runs it.
func (d *postgres) plan(ctx context.Context, r *Reading, q query) ([]scan, error) {
	plans, err := d.explained(ctx, r, q, false)
	if err != nil {
		return nil, err
	}
	j := pgJudge{d: d, r: r, q: q}
	for _, n := range plans {
		if err := j.walk(ctx, n, walking{}); err != nil {
			return nil, err
		}
	}
	return j.scans, nil
}

// explained asks for the plan, or for the one there would be if rows could only be
// found with bitmaps. A mistake in the query, in a predicate of the operator for
// example, leaves the transaction usable.
func (d *postgres) explained(ctx context.Context, r *Reading, q query, bitmaps bool) (nodes []pgNode, err error) {
	if _, err := r.tx.ExecContext(ctx, "SAVEPOINT lostorder_guard"); err != nil {
		return nil, err
	}
	defer func() { // takes the settings back, too
		if err == nil && !bitmaps {
			return
		}
		if _, undo := r.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT lostorder_guard"); undo != nil {
			r.aborted = true
			err = errors.Join(err, undo)
		}
	}()
	if bitmaps {
		// A bitmap has no order: with sorting off it would be as dear as what it replaces.
		_, err := r.tx.ExecContext(ctx, `SELECT set_config('enable_bitmapscan', 'on', true), set_config('enable_sort', 'on', true),
			set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true)`)
		if err != nil {
			return nil, err
		}
	}
	var text []byte
	err = r.ask(ctx, "EXPLAIN (FORMAT JSON, VERBOSE) "+q.sql, q.args, func(rows *sql.Rows) error { return rows.Scan(&text) })
	if err != nil {
		return nil, err
	}
	var plans []struct{ Plan pgNode }
	if err := json.Unmarshal(text, &plans); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	for _, p := range plans {
		nodes = append(nodes, p.Plan)
	}
	return nodes, nil
}

// pgJudge judges the steps of one plan.
type pgJudge struct {
	d     *postgres
	r     *Reading
	q     query
	scans []scan
	// led is how many rows an index leads to by its condition alone, whatever a
	// filter then leaves of them; nil until somebody asks.
	led map[string]int64
}

// walking is what is known of the steps above one.
type walking struct {
	limited bool // a LIMIT above ends it
	sorted  bool // a sort above needs all of its rows
}

func (j *pgJudge) walk(ctx context.Context, n pgNode, above walking) error {
	if n.Table != "" {
		s, err := j.scan(ctx, n, above)
		if err != nil {
			return err
		}
		j.scans = append(j.scans, s...)
	}
	for _, child := range n.Plans {
		below := above
		switch {
		case child.Parent == "SubPlan" || child.Parent == "InitPlan":
			below = walking{}
		case n.Type == "Limit":
			below.limited = true
		case n.Type == "Sort":
			below = walking{sorted: true}
		case !slices.Contains(streams, n.Type):
			below = walking{}
		}
		if err := j.walk(ctx, child, below); err != nil {
			return err
		}
	}
	return nil
}

// scan judges a step that reads a table.
func (j *pgJudge) scan(ctx context.Context, n pgNode, above walking) ([]scan, error) {
	table := n.Schema + "." + n.Table
	sorts := n.Recheck != "" || above.sorted
	if n.IndexCond != "" {
		led, err := j.d.leading(ctx, j.r, n)
		if err != nil {
			return nil, err
		}
		if !led { // all of the index is read to find what the condition is about
			rows, err := j.d.rows(ctx, j.r, n.Schema, n.Index)
			return []scan{{table: table, rows: rows}}, err
		}
	}
	switch {
	case n.Recheck != "":
		read := n.Rows // what the filter leaves; the bitmap says how many are read
		for _, bitmap := range n.Plans {
			read = max(read, bitmap.Rows)
		}
		return []scan{{table: table, rows: int64(read), sorts: sorts}}, nil
	case n.IndexCond != "" && n.Filter != "":
		rows, err := j.leads(ctx, n)
		return []scan{{table: table, rows: rows, sorts: sorts, filters: !sorts}}, err
	case n.IndexCond != "" && sorts:
		return []scan{{table: table, rows: int64(n.Rows), sorts: true}}, nil
	case n.IndexCond != "":
		return nil, nil // the index leads to the rows, and to no others
	case above.limited && n.Filter == "":
		return nil, nil // each row that is read counts towards the limit
	}
	name := n.Table
	if n.Index != "" {
		name = n.Index // a partial index holds fewer rows than its table
	}
	rows, err := j.d.rows(ctx, j.r, n.Schema, name)
	return []scan{{table: table, rows: rows}}, err
}

// leading reports whether the condition is about the first column of the index.
func (d *postgres) leading(ctx context.Context, r *Reading, n pgNode) (bool, error) {
	led := true
	err := r.ask(ctx, `SELECT pg_catalog.pg_get_indexdef(c.oid, 1, true) FROM pg_catalog.pg_class AS c
		JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
		[]any{n.Schema, n.Index}, func(rows *sql.Rows) error {
			var first string
			if err := rows.Scan(&first); err != nil {
				return err
			}
			about := words(n.IndexCond)
			for _, word := range words(first) {
				led = led && slices.Contains(about, word)
			}
			return nil
		})
	return led, err
}

// leads estimates how many rows match an index condition, of which a filter then
// throws some away: the plan itself says only how many are left. A bitmap says it,
// with the same rights and for the same query. Where the planner made a bitmap of
// something else, all of the index may be read.
func (j *pgJudge) leads(ctx context.Context, n pgNode) (int64, error) {
	if j.led == nil {
		plans, err := j.d.explained(ctx, j.r, j.q, true)
		if err != nil {
			return 0, err
		}
		j.led = map[string]int64{}
		j.gather(plans)
	}
	if rows, ok := j.led[n.IndexCond]; ok {
		return max(rows, int64(n.Rows)), nil
	}
	return j.d.rows(ctx, j.r, n.Schema, n.Index)
}

func (j *pgJudge) gather(nodes []pgNode) {
	for _, n := range nodes {
		if n.Type == "Bitmap Index Scan" && n.IndexCond != "" {
			j.led[n.IndexCond] = max(j.led[n.IndexCond], int64(n.Rows))
		}
		j.gather(n.Plans)
	}
}

// bytesPerRow is what a row is taken to occupy in a table that was never analysed.
const bytesPerRow = 100

// rows estimates the size of a table or an index, without reading it. One that has grown
// since it was analysed has so many more, and one that never was is judged by its size
// on disk.
func (d *postgres) rows(ctx context.Context, r *Reading, schema, name string) (int64, error) {
	var tuples, bytes int64
	err := r.ask(ctx, `SELECT (c.reltuples * greatest(1, coalesce(pg_catalog.pg_relation_size(c.oid), 0)
			/ (nullif(c.relpages, 0)::float8 * pg_catalog.current_setting('block_size')::bigint)))::bigint,
		coalesce(pg_catalog.pg_relation_size(c.oid), 0) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
		[]any{schema, name}, func(rows *sql.Rows) error { return rows.Scan(&tuples, &bytes) })
	// Before version 14 a table that was never analysed has 0.
	if tuples > 0 {
		return tuples, err
	}
	return bytes / bytesPerRow, err
}
