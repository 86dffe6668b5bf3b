package databasetest

import "testing"

// A kind of database to test on.
type kind struct {
	name string
	make func(testing.TB) *Shop
}

// Each runs a test on SQLite and, in the integration tests, on each server.
func Each(t *testing.T, test func(t *testing.T, s *Shop)) {
	t.Helper()
	for _, k := range append([]kind{{"sqlite", SQLite}}, servers...) {
		t.Run(k.name, func(t *testing.T) { test(t, k.make(t)) })
	}
}

// EachWithMySQL runs a test on what Each does, and on MySQL, for which MariaDB stands
// elsewhere: to read what MySQL may plan, order, allow or write in another way.
func EachWithMySQL(t *testing.T, test func(t *testing.T, s *Shop)) {
	t.Helper()
	Each(t, test)
	for _, k := range mysqls {
		t.Run(k.name, func(t *testing.T) { test(t, k.make(t)) })
	}
}

// EachServer runs a test on each server, also on MySQL; without any, it is skipped.
func EachServer(t *testing.T, test func(t *testing.T, s *Shop)) {
	t.Helper()
	if len(servers) == 0 {
		t.Skip("an integration test: go test -tags=integration")
	}
	for _, k := range append(servers, mysqls...) {
		t.Run(k.name, func(t *testing.T) { test(t, k.make(t)) })
	}
}

// EachKind runs a test on each kind of database, which starts its own database, side by side.
func EachKind(t *testing.T, test func(t *testing.T, start func(testing.TB) *Shop)) {
	t.Helper()
	for _, k := range append([]kind{{"sqlite", SQLite}}, servers...) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			test(t, k.make)
		})
	}
}

// EachPair runs a test on two databases, each kind with each other and with
// itself.
func EachPair(t *testing.T, test func(t *testing.T, left, right *Shop)) {
	t.Helper()
	all := append([]kind{{"sqlite", SQLite}}, servers...)
	for _, l := range all {
		for _, r := range all {
			runPair(t, l, r, test)
		}
	}
}

// EachPairWithMySQL runs a test on what EachPair does, and EachPairOfMySQL.
func EachPairWithMySQL(t *testing.T, test func(t *testing.T, left, right *Shop)) {
	t.Helper()
	EachPair(t, test)
	EachPairOfMySQL(t, test)
}

// EachPairOfMySQL runs a test on two servers, one of them MySQL, on either side.
func EachPairOfMySQL(t *testing.T, test func(t *testing.T, left, right *Shop)) {
	t.Helper()
	for _, pair := range mysqlPairs {
		runPair(t, pair[0], pair[1], test)
	}
}

func runPair(t *testing.T, l, r kind, test func(t *testing.T, left, right *Shop)) {
	t.Helper()
	t.Run(l.name+" and "+r.name, func(t *testing.T) {
		t.Parallel() // most of it is waiting
		test(t, l.make(t), r.make(t))
	})
}
