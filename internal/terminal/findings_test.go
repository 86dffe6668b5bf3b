package terminal_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/terminal"
	"github.com/lostorder/lostorder/internal/web/api"
)

var (
	now   = time.Date(2026, 3, 14, 3, 19, 0, 0, time.UTC)
	style = terminal.Style{Now: now}
)

func answer() *api.Findings {
	return &api.Findings{
		Verdict: api.Verdict{
			Level: "lost", Label: "Orders are being lost", Text: "3 open findings, oldest since 02:41 (38 min)",
			Sight: "1 of 5 targets cannot be read: rabbitmq/shop.",
		},
		Findings: []api.Finding{
			{
				ID: "a1b2c3d4e5f6", Mode: signal.OutboxStalled, Severity: signal.Critical, Subject: "outbox orders (database shop)", Target: "outbox/orders",
				OrderIDs: []string{"100417", "100418", "100421"}, Count: 218, Since: now.Add(-38 * time.Minute), DetectedAt: now.Add(-36 * time.Minute),
				Evidence:   signal.Evidence{signal.CountFact("pending_events", 218), signal.TextFact("how_we_know", strings.Repeat("the oldest row stays the oldest ", 5))},
				RunbookURL: "https://example.com/outbox_stalled.md", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
			},
			{
				ID: "0123456789ab", Mode: signal.MessageLost, Severity: signal.Critical, Count: 1204, Since: now.Add(-50 * time.Hour),
				Subject: "notifications.of.a.shop.with.long.names.eu-central-1 → sms-notification-service (kafka main)",
			},
			{
				ID: "ffee00112233", Mode: signal.DLQFilling, Severity: signal.Warning, Subject: "orders.dlq (kafka main)",
				OrderIDs: []string{"018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3e"}, Count: 1, Since: now.Add(-3 * time.Minute), ClosedAt: now.Add(-time.Minute),
			},
		},
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	if err := style.Findings(&b, answer()); err != nil {
		t.Fatal(err)
	}
	const want = `Orders are being lost. 3 open findings, oldest since 02:41 (38 min).
1 of 5 targets cannot be read: rabbitmq/shop.

ID      SEVERITY  FAILURE MODE    FOR      COUNT  WHERE                               ORDERS
a1b2c3  critical  outbox_stalled  38 min     218  outbox orders (database shop)       100417 +217
012345  critical  message_lost    2 d 2 h   1204  notifications.of.a.shop.with.long…  -
ffee00  warning   dlq_filling     2 min        1  orders.dlq (kafka main)             018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3e

lostorder findings a1b2c3 shows the evidence and the runbook.
`
	if b.String() != want {
		t.Errorf("writes\n%s\nwant\n%s", b.String(), want)
	}
}

func TestASymptomStandsBehindItsCause(t *testing.T) {
	a := answer()
	a.Findings[2].CausedBy, a.Findings[0].Symptoms = a.Findings[0].ID, []string{a.Findings[2].ID}
	a.Findings[1].CausedBy = "gone"
	var b strings.Builder
	if err := style.Findings(&b, a); err != nil {
		t.Fatal(err)
	}
	const want = `a1b2c3  critical  outbox_stalled  38 min     218  outbox orders (database shop)       100417 +217
ffee00  warning   └ dlq_filling   2 min        1  orders.dlq (kafka main)             018f3c4e-7f5e-7b8a-9d2e-1f0a6c1b2d3e
012345  critical  message_lost    2 d 2 h   1204  notifications.of.a.shop.with.long…  -
`
	if !strings.Contains(b.String(), want) {
		t.Errorf("writes\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	if err := style.Finding(&b, &a.Findings[0]); err != nil || !strings.Contains(b.String(), "  symptoms        ffee00112233\n") {
		t.Errorf("writes %s, %v", b.String(), err)
	}
	b.Reset()
	if err := style.Finding(&b, &a.Findings[2]); err != nil || !strings.Contains(b.String(), "caused by   a1b2c3d4e5f6\n") {
		t.Errorf("writes %s, %v", b.String(), err)
	}
}

func TestATableThatAProgramReadsIsWhole(t *testing.T) {
	var b strings.Builder
	if err := (terminal.Style{Now: now, Whole: true}).Findings(&b, answer()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"notifications.of.a.shop.with.long.names.eu-central-1 → sms-notification-service (kafka main)", "100417 100418 100421 +215"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// TestATableUsesTheColumnsOfTheTerminal between 80 and 200, and 100 where they are unknown.
func TestATableUsesTheColumnsOfTheTerminal(t *testing.T) {
	a := answer()
	a.Findings[1].Subject = strings.Repeat("notifications.of.a.shop.", 20)
	a.Findings[2].OrderIDs = []string{"7"} // a longer id is not cut
	for columns, want := range map[int]int{0: 100, 40: 80, 80: 80, 120: 120, 200: 200, 500: 200} {
		var b strings.Builder
		s := style
		s.Columns = columns
		if err := s.Findings(&b, a); err != nil {
			t.Fatal(err)
		}
		longest := 0
		for line := range strings.Lines(b.String()) {
			longest = max(longest, utf8.RuneCountInString(strings.TrimRight(line, "\n")))
		}
		if longest > want || longest < want-25 { // the last column may be short
			t.Errorf("with %d columns the longest line has %d, want about %d:\n%s", columns, longest, want, b.String())
		}
	}
}

func TestNothingIsLost(t *testing.T) {
	var b strings.Builder
	calm := &api.Findings{Verdict: api.Verdict{Level: "calm", Label: "All well", Text: "No order is being lost.", Sight: "All 5 targets can be read."}}
	if err := style.Findings(&b, calm); err != nil {
		t.Fatal(err)
	}
	if want := "All well. No order is being lost.\nAll 5 targets can be read.\n"; b.String() != want {
		t.Errorf("writes %q, want %q", b.String(), want)
	}
}

func TestFindingInFull(t *testing.T) {
	var b strings.Builder
	if err := style.Finding(&b, &answer().Findings[0]); err != nil {
		t.Fatal(err)
	}
	const want = `outbox_stalled: outbox orders (database shop)

  id              a1b2c3d4e5f6
  severity        critical
  since           2026-03-14 02:41:00 UTC (38 min ago)
  found           2026-03-14 02:43:00 UTC (36 min ago)
  count           218
  orders          100417 100418 100421 and 215 more
  trace           4bf92f3577b34da6a3ce929d0e0e4736
  watched by      outbox/orders
  runbook         https://example.com/outbox_stalled.md

Decided from:
  pending events  218
  how we know     the oldest row stays the oldest the oldest row stays the oldest the oldest row
                  stays the oldest the oldest row stays the oldest the oldest row stays the oldest
`
	if b.String() != want {
		t.Errorf("writes\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	owned := answer().Findings[0]
	owned.AtStake = "€ 18,240.50 in 132 orders"
	owned.CustomLabels = signal.Labels{"tier": "1", "team": "payments"}
	if err := style.Finding(&b, &owned); err != nil || !strings.Contains(b.String(), "  labels          team payments, tier 1\n") || !strings.Contains(b.String(), "  at stake        € 18,240.50 in 132 orders\n") {
		t.Errorf("it does not name its labels: %v\n%s", err, b.String())
	}
	b.Reset()
	if err := style.Finding(&b, &answer().Findings[2]); err != nil || !strings.Contains(b.String(), "  closed      2026-03-14 03:18:00 UTC (1 min ago)\n") {
		t.Errorf("a closed finding does not say when it was closed: %v\n%s", err, b.String())
	}
}

func TestColorsTakeNoRoom(t *testing.T) {
	var plain, colored strings.Builder
	if err := style.Findings(&plain, answer()); err != nil {
		t.Fatal(err)
	}
	if err := (terminal.Style{Now: now, Color: true}).Findings(&colored, answer()); err != nil {
		t.Fatal(err)
	}
	text := colored.String()
	for _, code := range []string{"\x1b[1;31m", "\x1b[31m", "\x1b[33m", "\x1b[0m"} {
		if !strings.Contains(text, code) {
			t.Errorf("no colour %q", code)
		}
		text = strings.ReplaceAll(text, code, "")
	}
	if text != plain.String() {
		t.Errorf("with colours taken off it is\n%s", text)
	}
}

// FuzzWidth: no line is longer than 100 columns, unless one order's id makes it so.
func FuzzWidth(f *testing.F) {
	f.Add("orders → billing (kafka main)", "A-1084", int64(12), uint8(3))
	f.Add(strings.Repeat("é", 300), "x", int64(999_999), uint8(19))
	f.Fuzz(func(t *testing.T, subject, order string, count int64, mode uint8) {
		subject = strings.Join(strings.Fields(subject), " ")
		if !utf8.ValidString(subject) || len(order) > 6 || count < 0 || count >= 1e6 || strings.ContainsAny(order, "\n\r") {
			t.Skip()
		}
		modes := []signal.Mode{signal.TransactionHanging, signal.DLQFilling, signal.CompensationFailed}
		a := &api.Findings{Findings: []api.Finding{
			{ID: "0123456789ab", Mode: modes[int(mode)%len(modes)], Severity: signal.Critical, Subject: subject, OrderIDs: []string{order, order, order}, Count: count, Since: now.Add(-40 * 24 * time.Hour)},
			{ID: "0123456789ac", Mode: signal.DLQFilling, Severity: signal.Warning, Subject: "orders (kafka main)", Count: 1, Since: now},
		}}
		var b strings.Builder
		if err := style.Findings(&b, a); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(b.String(), "\n") {
			if n := utf8.RuneCountInString(line); n > 100 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	})
}
