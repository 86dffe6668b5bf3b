package outbox_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	sentAll = "sent all"
	sending = "sending"
	nobody  = "nobody"
)

// logOf is a look at a log, the files written as name=size.
func logOf(server, reader, files string) database.Binlog {
	b := database.Binlog{Server: server, Sent: signal.Unknown, SentAll: reader == sentAll}
	if reader != nobody {
		b.Readers = 1
	}
	for f := range strings.FieldsSeq(files) {
		name, size, _ := strings.Cut(f, "=")
		var n int64
		for _, c := range size {
			n = 10*n + int64(c-'0')
		}
		b.Files = append(b.Files, database.LogFile{Name: name, Size: n})
	}
	return b
}

// What nobody tells of a binary log is followed from one look to the next, and said
// only where it is sure.
func TestABinlogIsFollowed(t *testing.T) {
	const unknown = signal.Unknown
	type look struct {
		server, reader, files string
		written, reached      int64
		lost                  bool
	}
	for name, looks := range map[string][]look{
		"a reader is sent what is written": {
			{"a", sentAll, "1=100", 100, 100, false},
			{"a", sentAll, "1=150", 150, 150, false},
			{"a", sending, "1=180", 180, unknown, false},
			{"a", sentAll, "1=200", 200, 200, false},
		},
		"files are begun, and removed": {
			{"a", sentAll, "1=100 2=50", 150, 150, false},
			{"a", sentAll, "1=100 2=80 3=10", 190, 190, false},
			{"a", sentAll, "3=20", 200, 200, false},
			{"a", sentAll, "3=30 4=5 5=5", 220, 220, false},
		},
		"a reader leaves: it was sent no more than there was when it was missed": {
			{"a", sentAll, "1=100", 100, 100, false},
			{"a", nobody, "1=130", 130, 130, false},
			{"a", nobody, "1=150 2=10", 160, 130, false},
			{"a", sending, "1=150 2=20", 170, unknown, false},
			{"a", sentAll, "1=150 2=20", 170, 170, false},
		},
		"log is removed that was written since": {
			{"a", sending, "1=100", 100, unknown, false},
			{"a", nobody, "1=130", 130, 130, false},
			{"a", nobody, "1=150 2=10", 160, 130, false},
			{"a", nobody, "2=10", 160, 130, true},
			{"a", nobody, "2=30", 180, 130, true},
			{"a", sentAll, "2=30", 180, 180, false},
		},
		"log is removed that was sent": {
			{"a", sentAll, "1=100 2=100", 200, 200, false},
			{"a", nobody, "1=100 2=100", 200, 200, false},
			{"a", nobody, "2=100 3=10", 210, 200, false},
			{"a", nobody, "3=20", 220, 200, false},
		},
		"log is removed before anybody was seen to read": {
			{"a", nobody, "1=100 2=100", 200, unknown, false},
			{"a", nobody, "2=100", 200, unknown, false},
		},
		"the log is begun anew": {
			{"a", sentAll, "1=100 2=100", 200, 200, false},
			{"a", nobody, "1=100 2=100", 200, 200, false},
			{"a", nobody, "1=10", 210, unknown, false},
			{"a", nobody, "1=20", 220, unknown, false},
		},
		"another server after a failover": {
			{"a", sentAll, "1=100 2=100", 200, 200, false},
			{"a", nobody, "1=100 2=100", 200, 200, false},
			{"b", nobody, "2=500", 700, unknown, false},
			{"b", sentAll, "2=600", 800, 800, false},
		},
		"the files are gone that were there": {
			{"a", sentAll, "1=100", 100, 100, false},
			{"a", nobody, "1=100", 100, 100, false},
			{"a", nobody, "7=10", 110, unknown, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var r outbox.BinlogReader
			for i, l := range looks {
				s := r.Look(logOf(l.server, l.reader, l.files))
				if s.Written != l.written || s.Confirmed != l.reached || s.Lost != l.lost || s.Active != (l.reader != nobody) {
					t.Errorf("look %d: written %d, sent up to %d, lost %v, read %v; want %d, %d, %v", i, s.Written, s.Confirmed, s.Lost, s.Active, l.written, l.reached, l.lost)
				}
			}
		})
	}
}
