package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// slotReadings plays readings of a slot, one after the other; the last one stays.
func slotReadings(readings ...signal.LogReader) func(s *script) {
	return func(s *script) {
		s.play(time.Duration(len(readings)+4)*interval, func(i int) signal.Report {
			return slotCounted(readings[min(i, len(readings)-1)])
		})
	}
}

var eventMissed = []signal.Mode{signal.EventMissing}

var skippedLogCases = map[string]scenario{
	"a slot that was read is created again between two readings": {
		story: slotReadings(
			signal.LogReader{Active: true, Written: 1000, Confirmed: 1000, Inserted: 7, Decoded: 7},
			signal.LogReader{Active: true, Written: 5000, Confirmed: 4000, Inserted: 12, Decoded: 0},
		),
		found: eventMissed, open: eventMissed,
	},
	"a slot that no connector ever read is created again": {
		story: slotReadings(
			signal.LogReader{Written: 1000, Confirmed: 1000},
			signal.LogReader{Written: 5000, Confirmed: 4000, Inserted: 5},
		),
		found: eventMissed, open: eventMissed,
	},
	"a slot is moved forward by hand, past rows that were inserted long after the last was decoded": {
		story: slotReadings(
			signal.LogReader{Written: 1000, Confirmed: 1000, Inserted: 5, Decoded: 5},
			signal.LogReader{Written: 1000, Confirmed: 1000, Inserted: 5, Decoded: 5},
			signal.LogReader{Written: 1000, Confirmed: 1000, Inserted: 5, Decoded: 5},
			signal.LogReader{Written: 2000, Confirmed: 1000, Inserted: 9, Decoded: 5},
			signal.LogReader{Written: 2000, Confirmed: 2000, Inserted: 9, Decoded: 5},
		),
		found: eventMissed, open: eventMissed,
	},
	"a slot is created again while the server writes, and no table is named": {
		story: slotReadings(
			signal.LogReader{Active: true, Written: perReading, Confirmed: perReading, Inserted: signal.Unknown, Decoded: 7},
			signal.LogReader{Active: true, Written: 3 * perReading, Confirmed: 3 * perReading, Inserted: signal.Unknown, Decoded: 1},
		),
		found: eventMissed, open: eventMissed,
	},
	"a slot is missing for a reading, and rows are inserted meanwhile": {
		story: func(s *script) {
			slotReadings(
				signal.LogReader{Active: true, Written: 1000, Confirmed: 1000, Inserted: 5, Decoded: signal.Unknown},
				signal.LogReader{Dropped: true, Confirmed: signal.Unknown, Inserted: signal.Unknown, Decoded: signal.Unknown},
				signal.LogReader{Active: true, Written: 3000, Confirmed: 2000, Inserted: 8, Decoded: signal.Unknown},
			)(s)
		},
		found: eventMissed, open: eventMissed,
	},
	"what was skipped is reported for a day": {
		story: func(s *script) {
			slotReadings(
				signal.LogReader{Active: true, Written: 1000, Confirmed: 1000, Inserted: 7, Decoded: 7},
				signal.LogReader{Active: true, Written: 5000, Confirmed: 5000, Inserted: 12, Decoded: 0},
			)(s)
			s.play(25*time.Hour, func(int) signal.Report {
				return slotCounted(signal.LogReader{Active: true, Written: 5000, Confirmed: 5000, Inserted: 12, Decoded: 0})
			})
		},
		found: eventMissed,
	},
	"benign: a slot is created again and nothing was inserted": {
		story: slotReadings(
			signal.LogReader{Active: true, Written: 1000, Confirmed: 1000, Inserted: 7, Decoded: 7},
			signal.LogReader{Active: true, Written: 5000, Confirmed: 4000, Inserted: 7, Decoded: 0},
		),
	},
	"benign: a relay that reads every few seconds, and a row that the server counts late": {
		story: slotReadings(
			signal.LogReader{Written: 1000, Confirmed: 900, Inserted: 5, Decoded: 5},
			signal.LogReader{Written: 1100, Confirmed: 1000, Inserted: 5, Decoded: 6},
			signal.LogReader{Written: 1200, Confirmed: 1100, Inserted: 6, Decoded: 6},
			signal.LogReader{Written: 1300, Confirmed: 1200, Inserted: 6, Decoded: 6},
		),
	},
	"benign: an operator resets the statistics of the slot": {
		story: slotReadings(
			signal.LogReader{Active: true, Written: 1000, Confirmed: 1000, Inserted: 7, Decoded: 7},
			signal.LogReader{Active: true, Written: 5000, Confirmed: 4000, Inserted: 12, Decoded: 2, DecodedReset: "today"},
		),
	},
}

func TestSlotThatWasCreatedAgain(t *testing.T) { playAll(t, skippedLogCases) }

func TestEvidenceOfASkippedRangeOfTheLog(t *testing.T) {
	s := newScript(t)
	skippedLogCases["a slot that was read is created again between two readings"].story(s)
	f := s.opened[0]
	if f.Count != 5 || fact(f.Evidence, "skipped_log") != "0/3E8 to 0/FA0" || fact(f.Evidence, "rows_inserted_meanwhile") != "5" {
		t.Errorf("the finding counts %d and shows %v", f.Count, f.Evidence)
	}
	if f.Summary != "Slot debezium was dropped and created again: up to 5 rows of outbox between 0/3E8 and 0/FA0 reach no reader." {
		t.Errorf("the summary is %q", f.Summary)
	}
}
