package database

import (
	"context"
	"database/sql"
	"encoding/json"
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

// plan explains the query; it never runs it. A mistake in it, in a predicate of
// the operator for example, leaves the transaction usable.
func (d *postgres) plan(ctx context.Context, r *Reading, q query) ([]scan, error) {
	if _, err := r.tx.ExecContext(ctx, "SAVEPOINT lostorder_guard"); err != nil {
		return nil, err
	}
	var text []byte
	err := r.ask(ctx, "EXPLAIN (FORMAT JSON, VERBOSE) "+q.sql, q.args, func(rows *sql.Rows) error { return rows.Scan(&text) })
	if err != nil {
		if _, undo := r.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT lostorder_guard"); undo != nil {
			r.aborted = true
		}
		return nil, err
	}
	var plans []struct{ Plan pgNode }
	if err := json.Unmarshal(text, &plans); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	var all []scan
	for _, p := range plans {
		if err := d.walk(ctx, r, p.Plan, walking{}, &all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// walking is what is known of the steps above one.
type walking struct {
	limited bool // a LIMIT above ends it
	sorted  bool // a sort above needs all of its rows
}

func (d *postgres) walk(ctx context.Context, r *Reading, n pgNode, above walking, all *[]scan) error {
	if n.Table != "" {
		s, err := d.scan(ctx, r, n, above)
		if err != nil {
			return err
		}
		*all = append(*all, s...)
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
		if err := d.walk(ctx, r, child, below, all); err != nil {
			return err
		}
	}
	return nil
}

// scan judges a step that reads a table.
func (d *postgres) scan(ctx context.Context, r *Reading, n pgNode, above walking) ([]scan, error) {
	table := n.Schema + "." + n.Table
	switch {
	case n.Recheck != "", n.IndexCond != "" && above.sorted:
		return []scan{{table: table, rows: int64(n.Rows), sorts: true}}, nil
	case n.IndexCond != "":
		return nil, nil // the index leads to the rows
	case above.limited && n.Filter == "":
		return nil, nil // each row that is read counts towards the limit
	}
	name := n.Table
	if n.Index != "" {
		name = n.Index // a partial index holds fewer rows than its table
	}
	rows, err := d.rows(ctx, r, n.Schema, name)
	return []scan{{table: table, rows: rows}}, err
}

// bytesPerRow is what a row is taken to occupy in a table that was never analysed.
const bytesPerRow = 100

// rows estimates the size of a table or an index, without reading it. One that
// was never analysed is judged by its size on disk.
func (d *postgres) rows(ctx context.Context, r *Reading, schema, name string) (int64, error) {
	var tuples, bytes int64
	err := r.ask(ctx, `SELECT c.reltuples::bigint, coalesce(pg_catalog.pg_relation_size(c.oid), 0) FROM pg_catalog.pg_class AS c
		JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
		[]any{schema, name}, func(rows *sql.Rows) error { return rows.Scan(&tuples, &bytes) })
	// Before version 14 a table that was never analysed has 0.
	if tuples > 0 {
		return tuples, err
	}
	return bytes / bytesPerRow, err
}
