// Package survey reads what discover wants to know about a database: its tables, and a sample
// of the rows of those that may hold orders, events or what belongs to orders. Every query is
// under the guard of package database and bounded in rows and time.
package survey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/discover/shape"
)

const (
	// mostTables is how many tables are described, mostSampled of how many rows are read, and
	// mostRows how many of each.
	mostTables, mostSampled, mostRows = 2000, 60, 3000
	// mostKeys is how many keys are looked up in another table, and mostFound how many rows
	// are read for them.
	mostKeys, mostFound = 200, 2000
)

// Progress reports what is being done.
type Progress func(format string, args ...any)

// Read surveys a database. It returns what it could read, also next to an error.
func Read(ctx context.Context, c database.Config, progress Progress) (*shape.Database, error) {
	db := database.Open(c)
	defer func() { _ = db.Close() }()
	s := &survey{db: db, progress: progress, seen: &shape.Database{Name: c.Name}}
	if err := s.tables(ctx); err != nil {
		return nil, err
	}
	s.logs(ctx)
	s.sample(ctx)
	s.joins(ctx)
	return s.seen, ctx.Err()
}

type survey struct {
	db       *database.DB
	progress Progress
	seen     *shape.Database
}

// tables reads the catalog.
func (s *survey) tables(ctx context.Context) error {
	return s.db.Read(ctx, func(r *database.Reading) error {
		s.seen.Engine, s.seen.Quote, s.seen.Now = r.Dialect().Name(), r.Dialect().Quote, r.Now().Time()
		s.progress("database %s: list tables", s.db.Name())
		all, err := r.Survey(ctx, mostTables)
		if err != nil {
			return err
		}
		var denied []string
		for _, t := range all {
			table := &shape.Table{Described: t, Ref: ref(t)}
			s.seen.Tables = append(s.seen.Tables, table)
			if t.Denied && shape.Likely(table) > 0 {
				denied = append(denied, table.Ref)
				s.missing("table %s is not readable by this user; as its owner: %s", table.Ref, s.db.Grant(&t.Table, nil))
			}
		}
		if len(all) == mostTables {
			s.missing("the database has more than %d tables; the others were not read", mostTables)
		}
		if len(all) == 0 {
			s.missing("no table is visible to this user of database %s; grant SELECT on the tables to watch", s.db.Name())
		}
		s.progress("database %s (%s): %d tables, %d of them not readable", s.db.Name(), s.seen.Engine, len(all), len(denied))
		return nil
	})
}

func (s *survey) missing(format string, args ...any) {
	s.seen.Missing = append(s.seen.Missing, fmt.Sprintf(format, args...))
}

// ref writes the name of a table as the config does.
func ref(t *database.Described) string {
	quoted := func(name string) string {
		if strings.ContainsAny(name, ".\"`") {
			return `"` + name + `"`
		}
		return name
	}
	if t.Visible || t.Schema == "" {
		return quoted(t.Name)
	}
	return quoted(t.Schema) + "." + quoted(t.Name)
}

// logs lists what relays read the log.
func (s *survey) logs(ctx context.Context) {
	err := s.db.Read(ctx, func(r *database.Reading) (err error) {
		if s.seen.Slots, err = r.Slots(ctx); err != nil || !r.HasBinlog() {
			return err
		}
		b, err := r.Binlog(ctx, "")
		if err == nil {
			s.seen.LogReaders = b.Others
		}
		return err
	})
	if err != nil {
		s.missing("which relays read the log: %v", err)
	}
}

// sample reads the latest rows of the tables that matter, those first that look most like it.
func (s *survey) sample(ctx context.Context) {
	var tables []*shape.Table
	for _, t := range s.seen.Tables {
		if !t.Denied && shape.Likely(t) > 0 {
			tables = append(tables, t)
		}
	}
	slices.SortStableFunc(tables, func(a, b *shape.Table) int { return cmp.Compare(shape.Likely(b), shape.Likely(a)) })
	if len(tables) > mostSampled {
		s.missing("%d tables look as if they mattered; the %d most likely were read", len(tables), mostSampled)
		tables = tables[:mostSampled]
	}
	began := time.Now()
	for i, t := range tables {
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > time.Second {
			began = time.Now()
			s.progress("database %s: read a sample of table %d of %d", s.db.Name(), i+1, len(tables))
		}
		s.read(ctx, t)
	}
}

// read reads the latest rows of a table, or any where no index has them in an order.
func (s *survey) read(ctx context.Context, t *shape.Table) {
	columns := t.Interesting()
	if len(columns) == 0 {
		return
	}
	var refused error
	for _, order := range append(orders(t), nil) {
		err := s.db.Read(ctx, func(r *database.Reading) error {
			rows, err := r.Newest(ctx, &t.Table, order, mostRows, columns...)
			if err == nil {
				t.Sample.Rows, t.Sample.Whole = rows, len(rows) < mostRows
			}
			return err
		})
		if err == nil {
			for _, c := range columns {
				t.Sample.Columns = append(t.Sample.Columns, c.Name)
			}
			return
		}
		refused = err
		if !errors.Is(err, database.ErrRefused) {
			break
		}
	}
	t.Sample.Err = refused.Error()
	s.missing("table %s: %v", t.Ref, refused)
}

// orders lists the orders in which the latest rows come first: by a time on which there is an
// index, and by the key.
func orders(t *shape.Table) (all [][]database.Column) {
	add := func(names ...string) {
		var columns []database.Column
		for _, name := range names {
			if c, ok := t.Column(name); ok {
				columns = append(columns, c)
			}
		}
		if len(columns) == len(names) && len(columns) > 0 {
			all = append(all, columns)
		}
	}
	for _, x := range t.Indexes {
		if c, ok := t.Column(x[0]); ok && shape.Is(c.Name, shape.CreatedNames...) {
			add(x[0])
		}
	}
	if len(t.Key) == 1 {
		add(t.Key...)
	}
	if t.Rows <= mostRows {
		if c := t.First(shape.MayBeTime, shape.CreatedNames...); c != "" {
			add(c)
		}
	}
	return all
}
