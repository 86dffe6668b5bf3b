//go:build integration

package database_test

import (
	"context"
	"testing"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// connection is the server's number of the connection that a read is on.
func connection(t *testing.T, db *database.DB, during func()) (number int64) {
	t.Helper()
	err := db.Read(t.Context(), func(r *database.Reading) (err error) {
		number, err = r.Connection(t.Context())
		if during != nil {
			during()
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return number
}

func TestAllThatReadADatabaseShareItsConnection(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		one, other := open(t, s.URL, ""), open(t, s.URL, "")
		first := connection(t, one, nil)
		if second := connection(t, other, nil); second != first {
			t.Errorf("the second read was on connection %d, the first on %d", second, first)
		}
		if err := one.Close(); err != nil {
			t.Error(err)
		}
		if err := one.Close(); err != nil {
			t.Errorf("closed once more: %v", err)
		}
		if third := connection(t, other, nil); third != first {
			t.Errorf("when one was closed, the other was on connection %d, not on %d", third, first)
		}
		if elsewhere := connection(t, open(t, s.URL, ", time_zone: UTC"), nil); elsewhere == first {
			t.Error("a config of other settings had the same connection")
		}
	})
}

func TestOneReadThatHangsKeepsNoOtherWaiting(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		one, other := open(t, s.URL, ""), open(t, s.URL, "")
		var second int64
		first := connection(t, one, func() { second = connection(t, other, nil) })
		if second == first {
			t.Error("both were on one connection at once")
		}
	})
}

func TestWhoWaitsForAConnectionCanBeStopped(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoments(t, s)
		s.Grant(t, "moments")
		one, other := open(t, s.URL, ""), open(t, s.URL, "")
		connection(t, one, func() {
			stopped, stop := context.WithCancel(t.Context())
			stop()
			if err := other.Read(stopped, func(*database.Reading) error { return nil }); err == nil {
				t.Error("it read although it was stopped")
			}
		})
	})
}
