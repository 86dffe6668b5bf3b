package signal_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestEvidenceInJSONHasNumbersWithUnitsAndIsReadBack(t *testing.T) {
	at := signal.InstantOf(time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC))
	evidence := signal.Evidence{
		signal.TextFact("cause", "poison row"),
		signal.CappedFact("pending_events", 1000, true),
		signal.CountFact("waiting_messages", 12),
		signal.DurationFact("no_progress_for", 6*time.Minute+250*time.Millisecond),
		signal.AgeFact("oldest_message_age", signal.Age{Since: at.Add(-time.Minute), Bound: signal.Measured}, at),
		signal.RateFact("drain_rate", 0.5).With(signal.AtMost),
		signal.BytesFact("wal_retained_bytes", 3<<20),
		signal.MomentFact("oldest_row", at),
		signal.ListFact("position", "partition 0: committed 4, log end 10", "partition 1: committed 0, log end 3"),
	}
	got, err := json.Marshal(evidence)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"cause":"poison row","pending_events":1000,"pending_events_bound":"at_least","waiting_messages":12,` +
		`"no_progress_for_seconds":360.25,"oldest_message_age_seconds":60,"oldest_message_age_bound":"measured",` +
		`"drain_rate_per_second":0.5,"drain_rate_bound":"at_most","wal_retained_bytes":3145728,"oldest_row":"2026-03-29T00:30:00Z",` +
		`"position":["partition 0: committed 4, log end 10","partition 1: committed 0, log end 3"]}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var read signal.Evidence
	if err := json.Unmarshal(got, &read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read, evidence) {
		t.Errorf("read back as\n%+v\nwant\n%+v", read, evidence)
	}
	if f, ok := read.Find("no_progress_for_seconds"); !ok || f.Name != "no_progress_for" {
		t.Errorf("found %+v by its key", f)
	}
}

func TestValuesAsTextHaveTheirUnitAndBound(t *testing.T) {
	for want, fact := range map[string]signal.Fact{
		"at least 1000":        signal.CappedFact("n", 1000, true),
		"6m0s":                 signal.DurationFact("d", 6*time.Minute),
		"400ms":                signal.DurationFact("d", 420*time.Millisecond),
		"6m0s (measured)":      signal.DurationFact("d", 6*time.Minute).With(signal.Measured),
		"at least 6m0s":        signal.DurationFact("d", 6*time.Minute).With(signal.AtLeast),
		"6m0s (estimated)":     signal.DurationFact("d", 6*time.Minute).With(signal.Estimated),
		"at most 1.0/s":        signal.RateFact("r", 1).With(signal.AtMost),
		"20.0/min":             signal.RateFact("r", 1.0/3),
		"3.0/h":                signal.RateFact("r", 3.0/3600),
		"4.8 MiB":              signal.BytesFact("b_bytes", 5_000_000),
		"a, b":                 signal.ListFact("l", "a", "b"),
		"at 1, of 2; at 3":     signal.ListFact("l", "at 1, of 2", "at 3"),
		"2026-03-29T00:30:00Z": signal.MomentFact("m", signal.InstantOf(time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC))),
	} {
		if got := fact.Value.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := signal.BytesFact("wal_retained_bytes", 1).Label(); got != "wal retained" {
		t.Errorf("the label is %q", got)
	}
}

func TestEvidenceOfAnUnknownKindIsAnError(t *testing.T) {
	var read signal.Evidence
	if err := json.Unmarshal([]byte(`{"a":{"b":1}}`), &read); err == nil {
		t.Errorf("read as %+v", read)
	}
}
