package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web"
)

// between returns what stands between two marks, and "" when they are not there.
func between(page, from, to string) string {
	_, rest, ok := strings.Cut(page, from)
	if !ok {
		return ""
	}
	inside, _, _ := strings.Cut(rest, to)
	return inside
}

func TestVerdict(t *testing.T) {
	one := func() *watch.Snapshot {
		s := calm()
		s.Open = troubled().Open[2:]
		return s
	}
	for sentence, c := range map[string]struct {
		snapshot            *watch.Snapshot
		level, label, title string
		sight               string
	}{
		"the worst is counted, and the oldest says since when": {
			troubled(), "lost", "Orders are being lost", "218 events are not published and 57 messages are stuck, oldest since 02:41 (38 min)",
			"1 of 5 targets cannot be read: rabbitmq/shop. 1 of 5 targets can be read in part only: kafka/main.",
		},
		"one finding that wakes nobody": {one(), "risk", "Orders are at risk", "2 messages are in dead letter queues since 03:16 (3 min)", "All 5 targets can be read."},
		"all is seen and all is well":   {calm(), "calm", "All well", "No order is being lost.", "All 5 targets can be read."},
		"a start has not seen enough yet": {
			func() *watch.Snapshot {
				s := calm()
				s.Targets[0].Watched = before(40 * time.Second)
				s.Targets[0].Reading.Queues[3].Objective.MaxAge = 15 * time.Minute
				s.Targets[2].Watched = before(40 * time.Second)
				s.Targets[2].Reading.Outboxes[0].MaxAge = time.Minute
				return s
			}(), "note", "Watching since 03:18", "No order is being lost so far. Consumers may stand still for 15 minutes before that counts, and lostorder has watched for 40 seconds.",
			"All 5 targets can be read.",
		},
		"what was watched for as long as its longest objective is well": {
			func() *watch.Snapshot {
				s := calm()
				s.Targets[0].Watched = before(15 * time.Minute)
				s.Targets[0].Reading.Queues[3].Objective.MaxAge = 15 * time.Minute
				return s
			}(), "calm", "All well", "No order is being lost.", "All 5 targets can be read.",
		},
		"a blind spot is said": {
			red(), "blind", "Partly blind", "No order is being lost in the 4 of 5 targets that can be read. The others are unknown.",
			"1 of 5 targets cannot be read: rabbitmq/shop.",
		},
		"a target that is read in part is a blind spot": {
			func() *watch.Snapshot {
				s := calm()
				s.Targets[0].Err = troubled().Targets[0].Err
				return s
			}(), "blind", "Partly blind", "No order is being lost in the parts of the targets that can be read. The others are unknown.",
			"1 of 5 targets can be read in part only: kafka/main.",
		},
		"a reading that nothing renews is a blind spot": {
			func() *watch.Snapshot {
				s := calm()
				s.Targets[4].Reading = &signal.Report{At: before(time.Minute)}
				return s
			}(), "blind", "Partly blind", "No order is being lost in the 4 of 5 targets that can be read. The others are unknown.",
			"1 of 5 targets cannot be read: sqs/eu.",
		},
		"no target can be read": {
			&watch.Snapshot{Ready: true, Targets: red().Targets[3:4]}, "blind", "Blind", "Unknown: no target can be read.",
			"1 of 1 target cannot be read: rabbitmq/shop.",
		},
		"nothing was read yet": {
			&watch.Snapshot{Targets: []watch.Target{{ID: signal.TargetID{Collector: "kafka", Target: "main"}}}},
			"blind", "Starting", "Unknown: no target has been read yet.", "1 of 1 target not yet read: kafka/main.",
		},
		"nothing is watched": {nil, "blind", "Blind", "lostorder watches nothing.", "The configuration names no target."},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, page := do(t, handler(c.snapshot), http.MethodGet, "/")
			if got := between(page, `<header class="verdict `, `"`); got != c.level {
				t.Errorf("level is %q", got)
			}
			if got := between(page, `<p class="label"><span>`, "<"); got != c.label {
				t.Errorf("label is %q", got)
			}
			if got := between(page, "<h1>", "<"); got != c.title {
				t.Errorf("verdict is %q", got)
			}
			if got := between(page, `<p class="sight">`, "<"); got != c.sight {
				t.Errorf("sight is %q", got)
			}
		})
	}
}

func TestStatusShowsWhatAFindingRestsOn(t *testing.T) {
	_, page := do(t, handler(troubled()), http.MethodGet, "/")
	at := 0
	for _, want := range []string{ // in this order
		`14 Mar 2026 03:19:00 UTC`,
		`<article class="finding critical" id="a1b2c3">`, `The relay has not published the oldest row of outbox for 38 minutes while 218 events wait.`, `outbox orders (database shop)`, `outbox_stalled`, `02:41`, `38 min`,
		`218 affected`, `/runbooks/outbox_stalled.md`, `100417`, `and 213 more`, `oldest pending age`, `38m4s`, `4bf92f3577b34da6a3ce929d0e0e4736`,
		`orders → billing (kafka main)`, `dlq_filling`,
		`Closed lately`, `<span class="chip">`, `message_lost`, `payments → ledger (kafka main)`, `>3<`, `13 Mar 01:19`, `13 Mar 02:19`, `1 h`,
		`Targets`, `rabbitmq/shop`, `connection refused`, `kafka/main`, `12 queues, 1 dead letter queue`, `not coordinator`, `outbox/orders`, `2 outboxes`, `no created_at`,
		`lostorder 1.2.3`,
	} {
		i := strings.Index(page[at:], want)
		if i < 0 {
			t.Fatalf("no %q behind\n%s", want, page[:at])
		}
		at += i
	}
}

func TestClosedFindingsShowSeverityCountAndOrders(t *testing.T) {
	s := troubled()
	for want, c := range map[string]struct {
		count  int64
		orders []string
	}{
		`<td data-label="Affected">9</td><td data-label="Orders" class="ids"><code>P-1</code> <code>P-2</code> <code>P-3</code> and 6 more</td>`: {9, []string{"P-1", "P-2", "P-3", "P-4"}},
		`<td data-label="Affected">2</td><td data-label="Orders" class="ids"><code>P-1</code> <code>P-2</code> </td>`:                            {2, []string{"P-1", "P-2"}},
		`<td data-label="Affected">9</td><td data-label="Orders" class="ids">–</td>`:                                                             {9, nil},
		`<td data-label="Affected">–</td><td data-label="Orders" class="ids">–</td>`:                                                             {0, nil},
	} {
		s.Closed[0].Count, s.Closed[0].OrderIDs = c.count, c.orders
		_, page := do(t, handler(s), http.MethodGet, "/")
		if row := between(page, `<tr id="000001" class="critical">`, "</tr>"); !strings.Contains(row, want) || !strings.Contains(row, `<span class="chip">critical</span>`) {
			t.Errorf("no %s in %s", want, row)
		}
	}
}

func TestSymptomsAreFoldedUnderTheirCause(t *testing.T) {
	s := troubled()
	s.Open[1].CausedBy, s.Open[0].Symptoms = s.Open[0].ID, []string{s.Open[1].ID}
	s.Open[2].CausedBy = "000001" // closed a moment ago
	_, page := do(t, handler(s), http.MethodGet, "/")
	cause := between(page, `id="a1b2c3"`, `id="778899"`)
	for _, want := range []string{`1 symptom in the same orders: <code>consumer_stalled</code> orders → billing (kafka main)`, `<details class="symptoms">`, `id="d4e5f6"`, `A symptom of <a href="./findings/a1b2c3">outbox_stalled of outbox orders (database shop)</a>`, `</details>`} {
		if strings.Count(page, want) != 1 || !strings.Contains(cause, want) {
			t.Errorf("%q is not once in the cause\n%s", want, cause)
		}
	}
	if want := `A symptom of <a href="./findings/000001">message_lost of payments → ledger (kafka main)</a>`; !strings.Contains(page, want) {
		t.Errorf("no %q in\n%s", want, page)
	}
	_, page = do(t, handler(s), http.MethodGet, "/findings/a1b2c3")
	if !strings.Contains(page, `id="d4e5f6"`) || !strings.Contains(page, `href="../findings/a1b2c3"`) {
		t.Errorf("the page of the cause is\n%s", page)
	}
	_, page = do(t, handler(s), http.MethodGet, "/?severity=warning")
	if strings.Contains(page, `id="d4e5f6"`) || !strings.Contains(page, `id="778899"`) {
		t.Errorf("the page of warnings is\n%s", page)
	}
}

func TestLinkOfAnAlertLeadsToItsFinding(t *testing.T) {
	crowd := troubled()
	for range 1000 {
		crowd.Open = append(crowd.Open, crowd.Open[1])
	}
	last := troubled().Open[0]
	last.ID = "ffffff"
	crowd.Open = append(crowd.Open, last)
	for sentence, c := range map[string]struct {
		snapshot *watch.Snapshot
		id       string
		code     int
		want     []string
	}{
		"an open one":                 {troubled(), "a1b2c3", http.StatusOK, []string{"218 events are not published", "An open finding", `id="a1b2c3"`, "38 min", "100417", "outbox_stalled.md"}},
		"one that was closed":         {troubled(), "000001", http.StatusOK, []string{"A finding that is closed", `id="000001"`, "closed 13 Mar 02:19 after 1 h"}},
		"one that stands far behind":  {crowd, "ffffff", http.StatusOK, []string{`id="ffffff"`, "100425"}},
		"one that is long forgotten":  {troubled(), "123456", http.StatusNotFound, []string{"Finding 123456 is not known"}},
		"one whose name does no harm": {troubled(), "<b>", http.StatusNotFound, []string{"Finding &lt;b&gt; is not known"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			res, page := do(t, handler(c.snapshot), http.MethodGet, "/findings/"+url.PathEscape(c.id))
			if res.StatusCode != c.code {
				t.Errorf("answers %s", res.Status)
			}
			for _, want := range append(c.want, `href="../"`) {
				if !strings.Contains(page, want) {
					t.Errorf("no %q in\n%s", want, page)
				}
			}
			if n := strings.Count(page, "<article"); n > 1 || n == 0 != (c.code == http.StatusNotFound) {
				t.Errorf("%d findings are shown", n)
			}
		})
	}
}

func TestPageUpdatesItselfUntilItIsStopped(t *testing.T) {
	for path, want := range map[string]struct{ refresh, link string }{
		"/":                               {"15", `href="?refresh=off"`},
		"/?refresh=off":                   {"", `href="?"`},
		"/?severity=critical":             {"15", `href="?refresh=off&amp;severity=critical"`},
		"/findings/a1b2c3?refresh=off":    {"", `href="?"`},
		"/?refresh=off&severity=critical": {"", `href="?severity=critical"`},
	} {
		res, page := do(t, handler(troubled()), http.MethodGet, path)
		if got := res.Header.Get("Refresh"); got != want.refresh || !strings.Contains(page, want.link) {
			t.Errorf("%s: updates every %q s, and has no %s", path, got, want.link)
		}
	}
}

func TestEvilNamesAreEscaped(t *testing.T) {
	const evil = `<script>alert("1")</script>`
	s := troubled()
	f := &s.Open[0]
	f.ID, f.Mode, f.TraceID, f.OrderIDs = evil, evil, evil, []string{evil}
	f.Subject = signal.Subject{System: evil, Cluster: evil, Destination: evil, Group: evil}
	f.Evidence = signal.Evidence{signal.TextFact(evil, evil)}
	s.Targets[0].ID.Target = evil
	s.Targets[0].Reading.Warnings = []string{evil}
	_, page := do(t, handler(s, func(o *web.Options) { o.RunbookBase = "javascript:alert(1)//" }), http.MethodGet, "/")
	if strings.Contains(page, "<script") || strings.Contains(page, `href="javascript:`) {
		t.Error("a name became markup")
	}
	if strings.Count(page, "&lt;script&gt;") < 8 {
		t.Errorf("names are not shown:\n%s", page)
	}
}

func TestManyFindingsDoNotMakeAnEndlessPage(t *testing.T) {
	s := calm()
	for range 1000 {
		s.Open = append(s.Open, troubled().Open[0])
	}
	_, page := do(t, handler(s), http.MethodGet, "/")
	if n := strings.Count(page, "<article"); n != 100 {
		t.Errorf("%d findings are shown", n)
	}
	if !strings.Contains(page, "218,000 events are not published") || !strings.Contains(page, "900 more in") {
		t.Error("what is left out is not said")
	}
}
