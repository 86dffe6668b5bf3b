package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// node is one step of a plan, as EXPLAIN (FORMAT JSON, VERBOSE) shows it.
type node struct {
	Type      string  `json:"Node Type"`
	Schema    string  `json:"Schema"`
	Table     string  `json:"Relation Name"`
	Index     string  `json:"Index Name"`
	IndexCond string  `json:"Index Cond"`
	Recheck   string  `json:"Recheck Cond"` // of a bitmap, which is made whole before a row is read
	Filter    string  `json:"Filter"`
	Rows      float64 `json:"Plan Rows"`
	Parent    string  `json:"Parent Relationship"`
	Plans     []node  `json:"Plans"`
}

// streams are steps that read no more than what is taken from them, so that a
// LIMIT above them ends what is below.
var streams = []string{"Limit", "Subquery Scan", "Result", "Append", "Merge Append", "Incremental Sort", "ProjectSet", "LockRows"}

// plan explains the query; it never runs it.
func (d *server) Plan(ctx context.Context, tx dialect.Tx, q dialect.Query) ([]dialect.Scan, error) {
	return d.plan(ctx, tx, q, asSet)
}

// PlanSorted is Plan with sorting on: where no index has the order of the query, an index that
// leads to few rows may be better than one that has the order and leads to many.
func (d *server) PlanSorted(ctx context.Context, tx dialect.Tx, q dialect.Query) ([]dialect.Scan, error) {
	return d.plan(ctx, tx, q, sorting)
}

// Sort lets the planner sort, or not.
func (d *server) Sort(ctx context.Context, tx dialect.Tx, on bool) error {
	if on {
		return tx.Exec(ctx, planners[sorting])
	}
	return tx.Exec(ctx, "SELECT set_config('enable_sort', 'off', true)")
}

// planner is what the planner may do beyond what it may do when the query runs.
type planner uint8

const (
	asSet planner = iota
	bitmaps
	sorting
)

var planners = map[planner]string{
	// A bitmap has no order: with sorting off it would be as expensive as what it replaces.
	bitmaps: `SELECT set_config('enable_bitmapscan', 'on', true), set_config('enable_sort', 'on', true),
			set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true)`,
	sorting: "SELECT set_config('enable_sort', 'on', true)",
}

func (d *server) plan(ctx context.Context, tx dialect.Tx, q dialect.Query, how planner) ([]dialect.Scan, error) {
	plans, err := d.explained(ctx, tx, q, how)
	if err != nil {
		return nil, err
	}
	g := guard{d: d, tx: tx, q: q}
	for _, n := range plans {
		if err := g.walk(ctx, n, walking{}); err != nil {
			return nil, err
		}
	}
	return g.scans, nil
}

// explained asks for the plan, or for the one there would be with another planner. A mistake in the query, in a predicate of the operator for
// example, leaves the transaction usable.
func (d *server) explained(ctx context.Context, tx dialect.Tx, q dialect.Query, how planner) (nodes []node, err error) {
	if err := tx.Exec(ctx, "SAVEPOINT lostorder_guard"); err != nil {
		return nil, err
	}
	defer func() { // takes the settings back, too
		if err == nil && how == asSet {
			return
		}
		if undo := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT lostorder_guard"); undo != nil {
			tx.Abort()
			err = errors.Join(err, undo)
		}
	}()
	if settings := planners[how]; settings != "" {
		if err := tx.Exec(ctx, settings); err != nil {
			return nil, err
		}
	}
	var text []byte
	err = tx.Ask(ctx, "EXPLAIN (FORMAT JSON, VERBOSE) "+q.SQL, q.Args, func(rows *sql.Rows) error { return rows.Scan(&text) })
	if err != nil {
		return nil, err
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal(text, &plans); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	for _, p := range plans {
		nodes = append(nodes, p.Plan)
	}
	return nodes, nil
}

// guard examines the steps of one plan.
type guard struct {
	d     *server
	tx    dialect.Tx
	q     dialect.Query
	scans []dialect.Scan
	// led is how many rows an index leads to by its condition alone, whatever a
	// filter then leaves of them; nil until it is needed.
	led map[string]int64
}

// walking is what is known of the steps above one.
type walking struct {
	limited bool // a LIMIT above ends it
	sorted  bool // a sort above needs all of its rows
}

func (g *guard) walk(ctx context.Context, n node, above walking) error {
	if n.Table != "" {
		s, err := g.scan(ctx, n, above)
		if err != nil {
			return err
		}
		g.scans = append(g.scans, s...)
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
		if err := g.walk(ctx, child, below); err != nil {
			return err
		}
	}
	return nil
}

// scan examines a step that reads a table.
func (g *guard) scan(ctx context.Context, n node, above walking) ([]dialect.Scan, error) {
	table := n.Schema + "." + n.Table
	sorts := n.Recheck != "" || above.sorted
	if n.IndexCond != "" {
		led, err := g.d.leading(ctx, g.tx, n)
		if err != nil {
			return nil, err
		}
		if !led { // all of the index is read to find what the condition is about
			rows, err := g.d.rows(ctx, g.tx, n.Schema, n.Index)
			return []dialect.Scan{{Table: table, Rows: rows}}, err
		}
	}
	switch {
	case n.Recheck != "":
		read := n.Rows // what the filter leaves; the bitmap says how many are read
		for _, bitmap := range n.Plans {
			read = max(read, bitmap.Rows)
		}
		return []dialect.Scan{{Table: table, Rows: int64(read), Sorts: sorts}}, nil
	case n.IndexCond != "" && n.Filter != "":
		rows, err := g.leads(ctx, n)
		return []dialect.Scan{{Table: table, Rows: rows, Sorts: sorts, Filters: !sorts}}, err
	case n.IndexCond != "" && sorts:
		return []dialect.Scan{{Table: table, Rows: int64(n.Rows), Sorts: true}}, nil
	case n.IndexCond != "":
		return nil, nil // the index leads to the rows, and to no others
	case above.limited && n.Filter == "":
		return nil, nil // each row that is read counts towards the limit
	}
	name := n.Table
	if n.Index != "" {
		name = n.Index // a partial index holds fewer rows than its table
	}
	rows, err := g.d.rows(ctx, g.tx, n.Schema, name)
	return []dialect.Scan{{Table: table, Rows: rows}}, err
}

// leading reports whether the condition is about the first column of the index.
func (d *server) leading(ctx context.Context, tx dialect.Tx, n node) (bool, error) {
	led := true
	err := tx.Ask(ctx, `SELECT pg_catalog.pg_get_indexdef(c.oid, 1, true) FROM pg_catalog.pg_class AS c
		JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
		[]any{n.Schema, n.Index}, func(rows *sql.Rows) error {
			var first string
			if err := rows.Scan(&first); err != nil {
				return err
			}
			about := dialect.Words(n.IndexCond)
			for _, word := range dialect.Words(first) {
				led = led && slices.Contains(about, word)
			}
			return nil
		})
	return led, err
}

// leads estimates how many rows match an index condition before a filter drops some. The plan
// itself shows only how many are left. A bitmap shows it, with the same rights and for the same
// query. Where the planner made a bitmap of
// something else, all of the index may be read.
func (g *guard) leads(ctx context.Context, n node) (int64, error) {
	if g.led == nil {
		plans, err := g.d.explained(ctx, g.tx, g.q, bitmaps)
		if err != nil {
			return 0, err
		}
		g.led = map[string]int64{}
		g.gather(plans)
	}
	if rows, ok := g.led[n.IndexCond]; ok {
		return max(rows, int64(n.Rows)), nil
	}
	return g.d.rows(ctx, g.tx, n.Schema, n.Index)
}

func (g *guard) gather(nodes []node) {
	for _, n := range nodes {
		if n.Type == "Bitmap Index Scan" && n.IndexCond != "" {
			g.led[n.IndexCond] = max(g.led[n.IndexCond], int64(n.Rows))
		}
		g.gather(n.Plans)
	}
}

// bytesPerRow is what a row is taken to occupy in a table that was never analysed.
const bytesPerRow = 100

// rows estimates the size of a table or an index, without reading it. One that has grown
// since it was analysed has so many more, and one that never was is estimated by its size
// on disk.
func (d *server) rows(ctx context.Context, tx dialect.Tx, schema, name string) (int64, error) {
	var tuples, bytes int64
	err := tx.Ask(ctx, `SELECT (c.reltuples * greatest(1, coalesce(pg_catalog.pg_relation_size(c.oid), 0)
			/ (nullif(c.relpages, 0)::float8 * pg_catalog.current_setting('block_size')::bigint)))::bigint,
		coalesce(pg_catalog.pg_relation_size(c.oid), 0) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
		[]any{schema, name}, func(rows *sql.Rows) error { return rows.Scan(&tuples, &bytes) })
	// Before version 14 a table that was never analysed has 0.
	if tuples > 0 {
		return tuples, err
	}
	return bytes / bytesPerRow, err
}
