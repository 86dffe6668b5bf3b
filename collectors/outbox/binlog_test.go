package outbox_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	sentAll = "sent all"
	sending = "sending"
	none    = "none"
)

// logOf is a reading of a log, with files written as name=size.
func logOf(server, reader, files string) dialect.Binlog {
	b := dialect.Binlog{Server: server, Sent: signal.Unknown, SentAll: reader == sentAll}
	if reader != none {
		b.Readers = 1
	}
	for f := range strings.FieldsSeq(files) {
		name, size, _ := strings.Cut(f, "=")
		var n int64
		for _, c := range size {
			n = 10*n + int64(c-'0')
		}
		b.Files = append(b.Files, dialect.LogFile{Name: name, Size: n})
	}
	return b
}

// The server does not say how much a reader received. The tracker derives it from one
// reading to the next, and leaves it unknown where it is not certain.
func TestBinlogIsFollowedAcrossReadings(t *testing.T) {
	const unknown = signal.Unknown
	type step struct {
		server, reader, files string
		written, received     int64
		lost                  bool
	}
	for name, steps := range map[string][]step{
		"a reader receives what is written": {
			{"a", sentAll, "1=100", 100, 100, false},
			{"a", sentAll, "1=150", 150, 150, false},
			{"a", sending, "1=180", 180, unknown, false},
			{"a", sentAll, "1=200", 200, 200, false},
		},
		"files are started and removed": {
			{"a", sentAll, "1=100 2=50", 150, 150, false},
			{"a", sentAll, "1=100 2=80 3=10", 190, 190, false},
			{"a", sentAll, "3=20", 200, 200, false},
			{"a", sentAll, "3=30 4=5 5=5", 220, 220, false},
		},
		"a reader that left received at most what was written when it was missed": {
			{"a", sentAll, "1=100", 100, 100, false},
			{"a", none, "1=130", 130, 130, false},
			{"a", none, "1=150 2=10", 160, 130, false},
			{"a", sending, "1=150 2=20", 170, unknown, false},
			{"a", sentAll, "1=150 2=20", 170, 170, false},
		},
		"log that was written since is removed": {
			{"a", sending, "1=100", 100, unknown, false},
			{"a", none, "1=130", 130, 130, false},
			{"a", none, "1=150 2=10", 160, 130, false},
			{"a", none, "2=10", 160, 130, true},
			{"a", none, "2=30", 180, 130, true},
			{"a", sentAll, "2=30", 180, 180, false},
		},
		"log that was received is removed": {
			{"a", sentAll, "1=100 2=100", 200, 200, false},
			{"a", none, "1=100 2=100", 200, 200, false},
			{"a", none, "2=100 3=10", 210, 200, false},
			{"a", none, "3=20", 220, 200, false},
		},
		"log is removed before any reader was seen": {
			{"a", none, "1=100 2=100", 200, unknown, false},
			{"a", none, "2=100", 200, unknown, false},
		},
		"the log is reset": {
			{"a", sentAll, "1=100 2=100", 200, 200, false},
			{"a", none, "1=100 2=100", 200, 200, false},
			{"a", none, "1=10", 210, unknown, false},
			{"a", none, "1=20", 220, unknown, false},
		},
		"another server after a failover": {
			{"a", sentAll, "1=100 2=100", 200, 200, false},
			{"a", none, "1=100 2=100", 200, 200, false},
			{"b", none, "2=500", 700, unknown, false},
			{"b", sentAll, "2=600", 800, 800, false},
		},
		"all known files are gone": {
			{"a", sentAll, "1=100", 100, 100, false},
			{"a", none, "1=100", 100, 100, false},
			{"a", none, "7=10", 110, unknown, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var r outbox.BinlogTracker
			for i, l := range steps {
				s := r.Observe(logOf(l.server, l.reader, l.files))
				if s.Written != l.written || s.Confirmed != l.received || s.Lost != l.lost || s.Active != (l.reader != none) {
					t.Errorf("step %d: written %d, received up to %d, lost %v, read %v; want %d, %d, %v", i, s.Written, s.Confirmed, s.Lost, s.Active, l.written, l.received, l.lost)
				}
			}
		})
	}
}
