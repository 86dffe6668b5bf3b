// Package collectortest is the conformance suite that every source passes. It knows
// nothing about Kafka or SQL. A source supplies a server and the ways to break it, and
// the suite runs the source's own collector against it.
//
//	func TestConformance(t *testing.T) {
//		collectortest.Run(t, func(t *testing.T) collectortest.Env { … })
//	}
package collectortest

import (
	"testing"

	"github.com/lostorder/lostorder/collectors"
)

// Env is one target and the server that it watches. Give the target a short
// schedule: an interval of 20 ms, for a hundred readings are taken, and a timeout
// of 500 ms to 1 s.
type Env struct {
	// Target runs against the server. The server is up and has something to read, so that
	// a complete reading is not empty.
	Target collectors.Target

	// Hang makes the server stop answering, on open connections and new ones;
	// Break makes it refuse connections and cut the open ones; Heal ends both.
	// Proxy does all three for a server on TCP. Hang is nil for a target without a
	// server (a file), and the tests that need it are skipped.
	Hang, Break, Heal func()

	// Partial makes one part of the reading fail; nil if the source has no parts.
	Partial func()
	// Missing is a word that the error of a partial reading must contain: the name
	// of the part that Partial breaks.
	Missing string

	// Fingerprint describes everything that must not change in the watched server.
	// It must be the same at every call while only the collector is connected.
	Fingerprint func() string

	// Secrets must appear in no error, warning, log line or printed config.
	Secrets []string
}

// tests is the whole suite.
var tests = []struct {
	name string
	run  func(*testing.T, Env)
}{
	{"a healthy target is read completely", readsWhole},
	{"it ends when it is cancelled", endsWhenCancelled},
	{"it ends when it is cancelled while the server hangs", endsWhileHanging},
	{"it ends when it is cancelled before the server ever answered", endsUnanswered},
	{"a server that hangs is a timeout, and is read again afterwards", recoversFromHang},
	{"a server that is gone is an error, and is read again afterwards", recoversFromBreak},
	{"a server that starts later is read then", startsBeforeServer},
	{"a part that fails is named and hides nothing else", readsInPart},
	{"a hundred readings change nothing in the server", changesNothing},
	{"no secret appears anywhere", namesNoSecret},
	{"a reading and its calls are spans", leavesSpans},
}

// Run runs the whole suite. start is called once per test and cleans up after
// itself with t.Cleanup.
func Run(t *testing.T, start func(t *testing.T) Env) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, start(t)) })
	}
}

// Parallel is Run with parallel tests, because most of them wait. start must give each of
// them a server or a database that no other test changes.
func Parallel(t *testing.T, start func(t *testing.T) Env) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, start(t))
		})
	}
}
