package detect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// slotted is a reading of an outbox that is read by a slot.
func slotted(s signal.LogReader) signal.Report {
	s.Decoded = signal.Unknown
	return slotCounted(s)
}

// slotCounted is a reading of an outbox that is read by a slot, with what was decoded of it.
func slotCounted(s signal.LogReader) signal.Report {
	s.Name, s.Retained, s.Remaining = "debezium", signal.Unknown, signal.Unknown
	if !s.Binlog {
		s.Sent = signal.Unknown
	}
	return signal.Report{Outboxes: []signal.Outbox{{
		Name: "shop", Database: "db", Table: "outbox", MaxAge: time.Minute,
		Pending: signal.Unknown, Failed: signal.Unknown, Retried: signal.Unknown, LogReader: &s,
	}}}
}

const perReading = 100 << 10 // what a busy server writes

var stalled = []signal.Mode{signal.OutboxStalled}

var slotCases = map[string]scenario{
	"no consumer reads the slot while the server writes": {
		story: func(s *script) {
			s.play(3*time.Minute, func(i int) signal.Report {
				return slotted(signal.LogReader{Written: int64(i+2) * perReading, Confirmed: perReading, Inserted: signal.Unknown})
			})
		},
		found: stalled, open: stalled,
	},
	"no consumer reads the slot, and one order was written to the table": {
		story: func(s *script) {
			s.play(3*time.Minute, func(i int) signal.Report {
				return slotted(signal.LogReader{Written: 1000 + int64(i), Confirmed: 900, Inserted: signal.Count(7 + min(i, 1))})
			})
		},
		found: stalled, open: stalled,
	},
	"the connector is there and confirms nothing, while rows are inserted": {
		story: func(s *script) {
			s.play(3*time.Minute, func(i int) signal.Report {
				return slotted(signal.LogReader{Active: true, Written: int64(i+2) * perReading, Confirmed: perReading, Inserted: signal.Count(i)})
			})
		},
		found: stalled, open: stalled,
	},
	"the slot is lost": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report {
				return slotted(signal.LogReader{Lost: true, Written: int64(i) * perReading, Confirmed: signal.Unknown, Inserted: signal.Unknown})
			})
		},
		found: stalled, open: stalled,
	},
	"the slot is dropped": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report {
				return slotted(signal.LogReader{Active: true, Written: 9, Confirmed: 9, Inserted: signal.Unknown})
			})
			s.play(3*time.Minute, func(int) signal.Report {
				return slotted(signal.LogReader{Dropped: true, Confirmed: signal.Unknown, Inserted: signal.Unknown})
			})
		},
		found: stalled, open: stalled,
	},
	"a slot that is read again closes": {
		story: func(s *script) {
			s.play(3*time.Minute, func(i int) signal.Report {
				return slotted(signal.LogReader{Written: int64(i+2) * perReading, Confirmed: perReading, Inserted: signal.Unknown})
			})
			s.play(time.Minute, func(i int) signal.Report {
				at := int64(i+20) * perReading
				return slotted(signal.LogReader{Active: true, Written: at, Confirmed: at - 100, Inserted: signal.Unknown})
			})
		},
		found: stalled,
	},
	"benign: a slot that no consumer reads, of an idle database": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				return slotted(signal.LogReader{Written: 1000 + int64(i)*60, Confirmed: 900, Inserted: signal.Unknown})
			})
		},
	},
	"benign: a slot that no consumer reads, while other tables are written": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				return slotted(signal.LogReader{Written: int64(i+2) * perReading, Confirmed: perReading, Inserted: 12})
			})
		},
	},
	"benign: the connector is restarted": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report {
				at := int64(i+2) * perReading
				if i%12 < 3 {
					return slotted(signal.LogReader{Written: at, Confirmed: int64(i-i%12+1) * perReading, Inserted: signal.Count(i)})
				}
				return slotted(signal.LogReader{Active: true, Written: at, Confirmed: at - 50, Inserted: signal.Count(i)})
			})
		},
	},
	"benign: heartbeats are off, and the outbox is quiet while the server writes": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				return slotted(signal.LogReader{Active: true, Written: int64(i+2) * perReading, Confirmed: perReading, Inserted: 3})
			})
		},
	},
	"benign: heartbeats are off, and an order was rolled back": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				return slotted(signal.LogReader{Active: true, Written: int64(i+2) * perReading, Confirmed: perReading, Inserted: signal.Count(3 + min(i/5, 1))})
			})
		},
	},
	"benign: heartbeats are off, and no table is named": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				return slotted(signal.LogReader{Active: true, Written: int64(i+2) * perReading, Confirmed: perReading, Inserted: signal.Unknown})
			})
		},
	},
	"benign: the slot is dropped and recreated": {
		story: func(s *script) {
			s.play(time.Minute, func(int) signal.Report {
				return slotted(signal.LogReader{Active: true, Written: 9, Confirmed: 9, Inserted: signal.Unknown})
			})
			s.play(30*time.Second, func(int) signal.Report {
				return slotted(signal.LogReader{Dropped: true, Confirmed: signal.Unknown, Inserted: signal.Unknown})
			})
			s.play(5*time.Minute, func(int) signal.Report {
				return slotted(signal.LogReader{Active: true, Written: 99, Confirmed: 99, Inserted: signal.Unknown})
			})
		},
	},
	"benign: the database was away for ten minutes": {
		story: func(s *script) {
			read := func(i int) signal.Report {
				return slotted(signal.LogReader{Written: int64(i+2) * perReading, Confirmed: perReading, Inserted: signal.Unknown})
			}
			s.play(30*time.Second, read)
			s.fail(10 * time.Minute)
			s.play(30*time.Second, read)
			s.play(time.Minute, func(int) signal.Report {
				return slotted(signal.LogReader{Active: true, Written: 9, Confirmed: 9, Inserted: signal.Unknown})
			})
		},
	},
}

func TestSlots(t *testing.T) { playAll(t, slotCases) }

// A head that stays is reported with its cause.
func TestPoisonRow(t *testing.T) {
	young := func(s *script) signal.OrderRef { return signal.OrderRef{ID: "A-2", Since: signal.InstantOf(s.now)} }
	for name, test := range map[string]struct {
		keys    func(i int) []string
		cut     bool
		untried bool
		cause   string // in the evidence
		behind  string
		orders  int
	}{
		"rows behind the head come and go": {
			func(i int) []string { return []string{"1", string(rune('a' + i))} }, false, false, "poison row", "at least 11", 1,
		},
		"nothing behind the head is published": {
			func(int) []string { return []string{"1", "2", "3"} }, false, false, "no row behind the oldest", "", 2,
		},
		"the table records that the oldest was never tried": {
			func(i int) []string { return []string{"1", string(rune('a' + i))} }, false, true, "skipped row", "at least 11", 1,
		},
		"more rows are pending than are read, and one in between is published": {
			func(i int) []string { return [][]string{{"1", "2", "3"}, {"1", "3", "4"}}[min(i/4, 1)] }, true, false, "poison row", "at least 1", 1,
		},
		"rows that were committed late take the places of others": {
			func(i int) []string { return [][]string{{"1", "3", "4"}, {"1", "2", "3"}}[min(i/4, 1)] }, true, false, "no row behind the oldest", "", 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			begin := s.now
			s.play(3*time.Minute, func(i int) signal.Report {
				r := outbox(3, "1", begin)
				o := &r.Outboxes[0]
				o.Keys, o.KeysCapped, o.HeadUntried = test.keys(i), test.cut, test.untried
				o.Sample = []signal.OrderRef{{ID: "A-1", Since: signal.InstantOf(begin)}, young(s)}
				return r
			})
			open := s.detector.Open()
			if len(open) != 1 {
				t.Fatalf("there are %d findings, want 1", len(open))
			}
			cause, _ := open[0].Evidence.Find("cause")
			behind, _ := open[0].Evidence.Find("published_behind_it")
			if !strings.Contains(cause.Value.String(), test.cause) || behind.Value.String() != test.behind {
				t.Errorf("the cause is %q, behind it were published %q; want %q, %q", cause.Value.String(), behind.Value.String(), test.cause, test.behind)
			}
			if len(open[0].OrderIDs) != test.orders {
				t.Errorf("orders %v, want %d: those to which the relay will come are not lost", open[0].OrderIDs, test.orders)
			}
		})
	}
}
