package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web/api"
)

//go:embed status.html
var statusHTML string

//go:embed status.css
var statusCSS string

var statusPage = template.Must(template.New("status").Parse(statusHTML))

// contentSecurityPolicy allows the page its own style and nothing else.
var contentSecurityPolicy = func() string {
	sum := sha256.Sum256([]byte(statusCSS))
	return "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}()

// mostShown is how many findings the page shows. It links to the API for more.
const mostShown = 100

type page struct {
	Style      template.CSS
	Verdict    api.Verdict
	Open       []findingRow
	More       int    // open findings that are not shown
	Filtered   bool   // only some findings were asked for
	Query      string // with which they were
	Stopped    bool   // the page does not update itself
	Toggle     string // leads to the page that does, or does not
	Closed     []findingRow
	Known      []acknowledgedRow // acknowledgements of the config
	Targets    []targetRow
	Lifecycles []picture
	// Filters lead to the findings of one team, or of one severity.
	Filters []filterLink
	// Asked is the id of the requested finding, and One that finding, nil if it is
	// unknown.
	Asked   string
	One     *findingRow
	Now     string
	Search  bool   // orders can be looked up
	Private bool   // and are shown as hashes
	Root    string // leads from this page to the one at the root, also through a proxy
	Version string
}

type findingRow struct {
	*signal.Finding
	Link        string
	Means       string // what happened when this mode is found
	Runbook     string
	SinceClock  string
	SinceAgo    string
	SinceISO    string
	ClosedClock string
	Lasted      string
	Recurrence  string // "third time in 7 days"; empty for the first
	Hidden      int64  // orders beyond those that are named
	Money       string // what the affected orders are worth; empty where it is unknown
	Cause       *findingLink
	Explains    []findingRow // its symptoms, folded under it
}

// FirstOrders are the orders that a row of a table has space for.
func (r *findingRow) FirstOrders() []string { return r.OrderIDs[:min(len(r.OrderIDs), ordersInRow)] }

// OtherOrders is how many affected orders FirstOrders leaves out.
func (r *findingRow) OtherOrders() int64 {
	if len(r.OrderIDs) == 0 {
		return 0
	}
	return max(r.Count, int64(len(r.OrderIDs))) - int64(len(r.FirstOrders()))
}

const ordersInRow = 3

// findingLink leads to another finding.
type findingLink struct{ Link, Text string }

type targetRow struct {
	Name      string
	Owner     string // the replica that reads it; empty where there is one only
	OwnerURL  string // of another replica
	Condition condition
	Class     string
	Error     string
	Warnings  []string
	Read      string // when the reading that is shown was made
	Took      string
	Every     string
	Holds     string
	Roles     []roleRow // of the queues that are for something else than work
	MoreRoles int
}

// roleRow is what a queue is for.
type roleRow struct{ Queue, Role, Reason string }

// mostRolesShown is how many roles the page shows for each target.
const mostRolesShown = 50

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	known, now := s.snapshot(), s.Now()
	p := page{Root: "./", Targets: targetRows(known.Targets, now, s.Member), Lifecycles: pictures(known.Targets)}
	only, wrong := filterOf(known, r.URL.Query())
	if wrong != "" {
		http.Error(w, untrusted.Text(wrong), http.StatusBadRequest)
		return
	}
	open, closed := only.of(known.Open), only.of(known.Closed)
	shown := open[:min(len(open), mostShown)]
	for i := range shown {
		if !slices.ContainsFunc(shown, func(f signal.Finding) bool { return f.ID == shown[i].CausedBy }) {
			p.Open = append(p.Open, s.incident(known, &shown[i], shown, p.Root, now))
		}
	}
	p.More, p.Filtered, p.Query = len(open)-len(shown), only != filter{}, only.query()
	for i := range closed[:min(len(closed), mostShown)] {
		p.Closed = append(p.Closed, s.findingRow(known, &closed[i], p.Root, now))
	}
	p.Filters, p.Known = filterLinks(known, only), acknowledgedRows(known)
	s.render(w, r, http.StatusOK, p, known, now)
}

// statusOfOne shows one finding. Alerts link to it, so it also shows a finding that has
// closed, and one that the front page omits.
func (s *server) statusOfOne(w http.ResponseWriter, r *http.Request) {
	known, now := s.snapshot(), s.Now()
	p, code := page{Root: "../", Asked: untrusted.ID(r.PathValue("id"))}, http.StatusNotFound
	if f := find(known, p.Asked); f != nil {
		row := s.incident(known, f, known.Open, p.Root, now)
		p.One, code = &row, http.StatusOK
	}
	s.render(w, r, code, p, known, now)
}

func (s *server) render(w http.ResponseWriter, r *http.Request, code int, p page, known *watch.Snapshot, now time.Time) {
	p.Style = template.CSS(statusCSS) //nolint:gosec // embedded, not given
	p.Search = s.Explainer != nil
	p.Private = p.Search && s.Explainer().Private()
	p.Verdict, p.Now, p.Version = verdictOf(known, now), now.Format("2 Jan 2006 15:04:05 MST"), s.Version
	p.Stopped, p.Toggle = toggle(r.URL.Query())
	if !p.Stopped {
		w.Header().Set("Refresh", refreshEvery)
	}
	var body bytes.Buffer
	if err := statusPage.Execute(&body, p); err != nil {
		s.Log.Error("render the status page", "err", err)
		http.Error(w, "render the status page", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if _, err := w.Write(body.Bytes()); err != nil {
		s.Log.DebugContext(r.Context(), "send the status page", "err", err)
	}
}

// refreshEvery is how often the page updates itself, in seconds.
const refreshEvery = "15"

// toggle reports whether the page of a query does not update itself, and returns the query of
// the page that differs in that. A reader who needs more time can stop it.
func toggle(query url.Values) (stopped bool, other string) {
	if stopped = query.Get("refresh") == "off"; stopped {
		query.Del("refresh")
	} else {
		query.Set("refresh", "off")
	}
	return stopped, "?" + query.Encode()
}

// incident is the row of a finding with those of its symptoms that are shown.
func (s *server) incident(known *watch.Snapshot, f *signal.Finding, shown []signal.Finding, root string, now time.Time) findingRow {
	row := s.findingRow(known, f, root, now)
	for i := range shown {
		if f.Open() && shown[i].CausedBy == f.ID {
			row.Explains = append(row.Explains, s.findingRow(known, &shown[i], root, now))
		}
	}
	return row
}

func (s *server) findingRow(known *watch.Snapshot, f *signal.Finding, root string, now time.Time) findingRow {
	row := findingRow{
		Finding: f, Link: root + "findings/" + url.PathEscape(f.ID), Means: means(f.Mode), Runbook: s.runbook(f.Mode),
		Hidden: f.Count - int64(len(f.OrderIDs)), Recurrence: recurrence(known, f, now),
		Money: phrase.Stake(f.AtStake),
	}
	if f.CausedBy != "" {
		row.Cause = &findingLink{root + "findings/" + url.PathEscape(f.CausedBy), f.CausedBy}
		if cause := find(known, f.CausedBy); cause != nil {
			row.Cause.Text = string(cause.Mode) + " of " + cause.Subject.String()
		}
	}
	if !f.Since.IsZero() {
		row.SinceClock, row.SinceAgo, row.SinceISO = phrase.Clock(f.Since, now), phrase.Ago(now.Sub(f.Since)), f.Since.UTC().Format(time.RFC3339)
	}
	if !f.Open() {
		row.ClosedClock, row.Lasted = phrase.Clock(f.ClosedAt, now), phrase.Ago(f.ClosedAt.Sub(f.Since))
	}
	return row
}

func means(mode signal.Mode) string {
	for _, d := range detect.Decisions() {
		if d.Mode == mode {
			return d.Description
		}
	}
	return ""
}

// targetRows returns the targets, those with problems first.
func targetRows(targets []watch.Target, now time.Time, member string) []targetRow {
	rows := make([]targetRow, 0, len(targets))
	for i := range targets {
		row := rowOf(&targets[i], now)
		if targets[i].Elsewhere == nil {
			row.Owner = member
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b targetRow) int { return int(a.Condition) - int(b.Condition) })
	return rows
}

func rowOf(t *watch.Target, now time.Time) targetRow {
	if t.Elsewhere != nil {
		return rowElsewhere(t)
	}
	row := targetRow{Name: t.ID.String(), Condition: conditionOf(t, now), Every: t.Interval.String()}
	row.Class = map[condition]string{down: "bad", stale: "bad", partial: "doubtful", waiting: "quiet", up: "good"}[row.Condition]
	if t.Err != nil {
		row.Error = t.Err.Error()
	}
	if !t.Attempt.IsZero() {
		row.Took = t.Took.Round(time.Millisecond).String()
	}
	if r := t.Reading; r != nil {
		row.Read = phrase.Ago(now.Sub(r.At)) + " ago"
		row.Warnings = r.Warnings
		row.Holds = holds(r)
		roles := phrase.Roles(r)
		row.MoreRoles = max(0, len(roles)-mostRolesShown)
		for _, one := range roles[:len(roles)-row.MoreRoles] {
			row.Roles = append(row.Roles, roleRow{one.Queue, phrase.RoleName(one.Role), one.Reason})
		}
	}
	return row
}

// rowElsewhere is the row of a target that another replica reads.
func rowElsewhere(t *watch.Target) targetRow {
	e := t.Elsewhere
	row := targetRow{Name: t.ID.String(), Owner: e.Member, OwnerURL: e.URL, Condition: conditionElsewhere(e)}
	row.Class = map[condition]string{down: "bad", stale: "bad", unowned: "bad", partial: "doubtful", silent: "doubtful", waiting: "quiet", up: "good"}[row.Condition]
	if a := e.Answer; a != nil {
		row.Error, row.Warnings = a.Error, a.Warnings
		row.Every, row.Took = seconds(a.IntervalSeconds).String(), seconds(a.DurationSeconds).Round(time.Millisecond).String()
		if a.ReadingAgeSeconds != nil {
			row.Read = phrase.Ago(seconds(*a.ReadingAgeSeconds)) + " ago"
		}
		row.MoreRoles = max(0, len(a.Roles)-mostRolesShown)
		for _, one := range a.Roles[:len(a.Roles)-row.MoreRoles] {
			row.Roles = append(row.Roles, roleRow{one.Queue, phrase.RoleName(one.Role), one.Reason})
		}
		row.Holds = counted(&a.Readings)
	}
	return row
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// counted describes the content of a reading of another replica.
func counted(r *api.Readings) string {
	var all []string
	for _, of := range []struct {
		n    int
		what string
	}{{r.Queues, "queue"}, {r.DeadLetterQueues, "dead letter queue"}, {r.Outboxes, "outbox"}, {r.Lifecycles, "lifecycle"}, {r.Reconciliations, "check"}} {
		if of.n > 0 {
			all = append(all, phrase.Count(of.n, of.what))
		}
	}
	return phrase.List(all, len(all))
}

// holds describes the content of a reading and the progress of its comparisons.
func holds(r *signal.Report) string {
	all := phrase.Holds(r)
	for i := range r.Reconciliations {
		all = append(all, progress(&r.Reconciliations[i].Pass))
	}
	return phrase.List(all, len(all))
}

// progress describes the progress of a pass.
func progress(r *signal.Pass) string {
	text := fmt.Sprintf("%d rows compared in this pass", r.Rows)
	if r.Fraction >= 0 {
		text = fmt.Sprintf("%.0f %% of this pass compared", 100*r.Fraction)
	}
	if r.Paused {
		text += ", which waits for its hours"
	}
	return text + ", " + phrase.Count(int(r.Completed), "pass") + " done"
}
