package detect_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// What the server of a binary log can say of those who read it as a user.
func sentAll(written int64) signal.Report {
	return inBinlog(signal.LogReader{Active: true, Written: written, Confirmed: written, Sent: signal.Unknown})
}

func sending(written int64, sent signal.Count) signal.Report {
	return inBinlog(signal.LogReader{Active: true, Written: written, Confirmed: signal.Unknown, Sent: sent})
}

func unheard(written, reached int64) signal.Report {
	return inBinlog(signal.LogReader{Written: written, Confirmed: reached, Sent: signal.Unknown, LogRetention: 72 * time.Hour})
}

func inBinlog(s signal.LogReader) signal.Report {
	s.Binlog, s.Inserted = true, signal.Unknown
	return slotted(s)
}

// at is how far a busy server has written at a reading.
func at(i int) int64 { return int64(i+2) * perReading }

var binlogCases = map[string]scenario{
	"the connector is dead": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return sentAll(at(i)) })
			s.play(3*time.Minute, func(i int) signal.Report { return unheard(at(i+4), at(4)) })
		},
		found: stalled, open: stalled,
	},
	"the connector was dead before lostorder began": {
		story: func(s *script) {
			s.play(3*time.Minute, func(i int) signal.Report { return unheard(at(i), signal.Unknown) })
		},
		found: stalled, open: stalled,
	},
	"the connector died while it was behind": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return sending(at(i), signal.Unknown) })
			s.play(3*time.Minute, func(i int) signal.Report { return unheard(at(i+4), at(4)) })
		},
		found: stalled, open: stalled,
	},
	"the server was restarted, and the connector did not come back": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return sentAll(at(i)) })
			s.fail(time.Minute)
			s.play(3*time.Minute, func(i int) signal.Report { return unheard(at(i+4), at(4)) })
		},
		found: stalled, open: stalled,
	},
	"the connector takes nothing, and the server counts what it sends": {
		story: func(s *script) {
			s.play(3*time.Minute, func(i int) signal.Report { return sending(at(i), 3_886_526) })
		},
		found: stalled, open: stalled,
	},
	"the server cuts a connector that takes nothing off": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return sending(at(i), signal.Unknown) })
			s.play(2*time.Minute, func(i int) signal.Report { return unheard(at(i+4), at(4)) })
		},
		found: stalled, open: stalled,
	},
	"the server removed log that was not read": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return sentAll(at(i)) })
			s.play(30*time.Second, func(i int) signal.Report {
				return inBinlog(signal.LogReader{Lost: true, Written: at(i + 4), Confirmed: at(4), Sent: signal.Unknown})
			})
		},
		found: stalled, open: stalled,
	},
	"a connector that comes back closes": {
		story: func(s *script) {
			s.play(3*time.Minute, func(i int) signal.Report { return unheard(at(i), signal.Unknown) })
			s.play(time.Minute, func(i int) signal.Report { return sentAll(at(i + 12)) })
		},
		found: stalled,
	},
	"benign: the connector is restarted": {
		story: func(s *script) {
			reached := int64(signal.Unknown)
			s.play(20*time.Minute, func(i int) signal.Report {
				if i%12 < 3 {
					return unheard(at(i), reached)
				}
				reached = at(i)
				return sentAll(at(i))
			})
		},
	},
	"benign: no consumer reads the log of an idle server": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report { return unheard(1000+60*int64(i), 900) })
		},
	},
	"benign: a busy server has more to send at each reading, and does not count what it sends": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report { return sending(at(i), signal.Unknown) })
		},
	},
	"benign: a connector that was away reads what it missed for hours": {
		story: func(s *script) {
			s.play(30*time.Second, func(i int) signal.Report { return unheard(at(i), signal.Unknown) })
			s.play(3*time.Hour, func(i int) signal.Report { return sending(at(i), signal.Count(1000*i)) })
		},
	},
	"benign: a slow connector takes a little now and then": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report { return sending(at(i), signal.Count(i/3)) })
		},
	},
	"benign: it has more to send at most readings, and has sent all now and then": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report {
				if i%3 == 0 {
					return sentAll(at(i))
				}
				return sending(at(i), 7)
			})
		},
	},
	"benign: a connector takes nothing, and nothing to speak of is written": {
		story: func(s *script) {
			s.play(2*time.Hour, func(i int) signal.Report { return sending(1000+60*int64(i), 500) })
		},
	},
	"benign: the connector takes nothing while its broker restarts": {
		story: func(s *script) {
			s.play(10*time.Minute, func(i int) signal.Report {
				if i%12 < 3 {
					return sending(at(i), 7)
				}
				return sentAll(at(i))
			})
		},
	},
	"benign: a failover, after which the connector finds the new server": {
		story: func(s *script) {
			s.play(time.Minute, func(i int) signal.Report { return sentAll(at(i)) })
			s.fail(2 * time.Minute)
			s.play(45*time.Second, func(i int) signal.Report { return unheard(at(i+4), signal.Unknown) })
			s.play(5*time.Minute, func(i int) signal.Report { return sentAll(at(i + 8)) })
		},
	},
	"benign: lostorder is restarted while the connector is": {
		story: func(s *script) {
			s.play(45*time.Second, func(i int) signal.Report { return unheard(at(i), signal.Unknown) })
			s.restart()
			s.play(45*time.Second, func(i int) signal.Report { return unheard(at(i+3), signal.Unknown) })
			s.play(5*time.Minute, func(i int) signal.Report { return sentAll(at(i + 6)) })
		},
	},
}

func TestBinlogs(t *testing.T) { playAll(t, binlogCases) }

// The evidence says what is known of a binary log, and nothing of a slot.
func TestEvidenceOfABinlogMentionsNoSlot(t *testing.T) {
	for name, test := range map[string]struct {
		read func(i int) signal.Report
		want map[string]string
	}{
		"no consumer reads it": {
			func(i int) signal.Report { return unheard(at(i), signal.Unknown) },
			map[string]string{"cause": "no reader is connected to the binary log as debezium, while the server writes", "written_meanwhile_bytes": "500.0 KiB", "not_read_for": "1m15s", "log_is_removed_after": "72h0m0s"},
		},
		"nobody takes it": {
			func(i int) signal.Report { return sending(at(i), 7) },
			map[string]string{"cause": "the reader of the binary log as debezium receives nothing, while the server writes", "written_meanwhile_bytes": "500.0 KiB", "not_read_for": "1m15s"},
		},
		"it is removed": {
			func(i int) signal.Report {
				r := unheard(at(i), at(0))
				r.Outboxes[0].LogReader.Lost = i > 3
				return r
			},
			map[string]string{"cause": "the server removed log that was written since its reader was last seen: events in it will never be published from it", "not_read_for": "1m15s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.play(90*time.Second, test.read)
			open := s.detector.Open()
			if len(open) != 1 {
				t.Fatalf("there are %d findings, want 1", len(open))
			}
			test.want["binlog_user"] = "debezium"
			for fact, want := range test.want {
				if got, _ := open[0].Evidence.Find(fact); got.Value.String() != want {
					t.Errorf("%s is %q, want %q", fact, got.Value, want)
				}
			}
			for _, f := range open[0].Evidence {
				if strings.Contains(f.Value.String(), "slot") || strings.Contains(f.Value.String(), "-") || f.Name == "not_confirmed_bytes" {
					t.Errorf("%s is %q", f.Name, f.Value)
				}
			}
		})
	}
}
