//go:build integration

package database_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// TestAgesOnTheTurnOfTheClocks: twenty minutes after the clocks were set, whatever was
// written before and after has its age, by a column that knows its zone and by one that
// does not. Of what was written in the first of the hours that come twice, only the
// second can tell that it is not younger; nothing is ever older than it is, or of the
// future.
func TestAgesOnTheTurnOfTheClocks(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		for name, back := range map[string]bool{"set back": true, "set forward": false} {
			t.Run(name, func(t *testing.T) {
				now := time.Now().Truncate(time.Second)
				turn := s.Turn(t, now.Add(-20*time.Minute), back)
				db := open(t, s.URL, s.Zone(turn.Name))
				plain, zoned := "timestamp(3)", "timestamptz"
				if s.Kind == "mariadb" {
					plain, zoned = "datetime(3)", "timestamp(3)"
				}
				ages := []time.Duration{time.Minute, 19 * time.Minute, 21 * time.Minute, 50 * time.Minute, 79 * time.Minute, 85 * time.Minute, 3 * time.Hour}
				for _, column := range []string{plain, zoned} {
					s.Run(t, "DROP TABLE IF EXISTS moments", "CREATE TABLE moments (id BIGINT PRIMARY KEY, at "+column+" NOT NULL, note VARCHAR(10))")
					s.Grant(t, "moments")
					want := map[string]time.Time{}
					late := 0
					for id, age := range ages {
						at := now.Add(-age)
						value, read := s.Ago(time.Since(at)), at
						if column == plain {
							value, read = "'"+turn.Wall(at)+"'", turn.Read(at)
						}
						s.Run(t, fmt.Sprintf("INSERT INTO moments VALUES (%d, %s, 'x')", id, value))
						want[fmt.Sprint(id)] = read
						if now.Sub(read) > 10*time.Minute {
							late++
						}
					}
					page, err := latest(t.Context(), db, "moments")
					if err != nil || len(page.Rows) != len(ages) {
						t.Fatalf("%s: %d rows, error %v", column, len(page.Rows), err)
					}
					for _, row := range page.Rows {
						read := want[row.Place.Key]
						if present := time.Now(); read.After(present) {
							read = present
						}
						if got := row.Since.Time(); got.Sub(read).Abs() > 10*time.Second || got.After(time.Now()) {
							t.Errorf("%s: row %s, written %s ago, is of %s, want %s", column, row.Place.Key, ages[row.Place.Key[0]-'0'], got.UTC(), read.UTC())
						}
					}
					got, err := tally(t.Context(), db, "moments")
					if err != nil || int(got.Late.Count) != late || got.Oldest.Time().Sub(now.Add(-3*time.Hour)).Abs() > time.Second {
						t.Errorf("%s: %d late, want %d; the oldest is of %s; error %v", column, got.Late.Count, late, got.Oldest.Time().UTC(), err)
					}
				}
			})
		}
	})
}

// TestEachRowIsReadOnceAcrossTheTurnOfTheClocks, however many there are of the hour that
// comes twice: a place among them is a moment, and not what the clock showed then.
func TestEachRowIsReadOnceAcrossTheTurnOfTheClocks(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		now := time.Now()
		turn := s.Turn(t, now.Add(-90*time.Minute), true)
		plain, zoned := "timestamp(3)", "timestamptz"
		if s.Kind == "mariadb" {
			plain, zoned = "datetime(3)", "timestamp(3)"
		}
		for _, column := range []string{plain, zoned} {
			t.Run(column, func(t *testing.T) {
				s.Run(t, "DROP TABLE IF EXISTS moments", "CREATE TABLE moments (id BIGINT PRIMARY KEY, at "+column+" NOT NULL, note VARCHAR(10))", "CREATE INDEX moments_at ON moments (at, id)")
				s.Grant(t, "moments")
				var rows []string
				for id := range 240 { // of four hours
					at := now.Add(-time.Duration(240-id) * 61 * time.Second)
					value := s.Ago(time.Since(at))
					if column == plain {
						value = "'" + turn.Wall(at) + "'"
					}
					rows = append(rows, fmt.Sprintf("(%d, %s, 'x')", id, value))
				}
				s.Run(t, "INSERT INTO moments VALUES "+strings.Join(rows, ", "))
				read := map[string][]string{}
				err := open(t, s.URL, s.Zone(turn.Name)).Read(t.Context(), func(r *database.Reading) error {
					found, err := r.Table(t.Context(), "moments")
					if err != nil {
						return err
					}
					at, id := found.Columns[1], found.Columns[0]
					for how, page := range map[string]database.Page{"page by page": {Rows: 20}, "page by page, the latest first": {Rows: 20, Back: true}} {
						for range 30 {
							got, err := r.Page(t.Context(), database.Selection{What: "rows", Table: found, Since: at, Tie: []database.Column{id}}, page)
							if err != nil {
								return err
							}
							for _, row := range got.Rows {
								read[how] = append(read[how], row.Place.Key)
							}
							if page.From = got.Next; got.Next == nil {
								break
							}
						}
					}
					keyed := &compare.Rows{What: "rows", Table: found, Key: []database.Column{id}, KeyForms: []dialect.Form{dialect.Integer}, At: &at}
					newest, err := keyed.Newest(t.Context(), r, 240)
					if err != nil {
						return err
					}
					mark, recent := newest[0].Position, []string{newest[0].Key.ID()}
					for range 30 {
						got, err := keyed.After(t.Context(), r, mark, 20)
						if err != nil {
							return err
						}
						for _, row := range got {
							recent, mark = append(recent, row.Key.ID()), row.Position
						}
					}
					read["as they come"] = recent
					return nil
				})
				if err != nil || len(read) != 3 {
					t.Fatalf("%d ways, error %v", len(read), err)
				}
				for how, ids := range read {
					if once := slices.Compact(slices.Sorted(slices.Values(ids))); len(ids) != 240 || len(once) != 240 {
						t.Errorf("%s %d rows are read, %d of them once; want 240", how, len(ids), len(once))
					}
				}
			})
		}
	})
}
