package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// Reporter prints what happens in the demo as it happens. Its methods are called from
// several goroutines.
type Reporter interface {
	Begin(duration time.Duration, faults int, addresses []string)
	Injected(*injected)
	Twin(mode signal.Mode, title string)
	Found(*injected)
	Closed(*api.Finding)
	End(faults []*injected, wrong []*api.Finding, summary Summary)
}

// Text returns a reporter that writes readable lines, in colour if color is set. url is the
// address of the status page.
func Text(w io.Writer, color bool, url string) Reporter { return &text{w: w, color: color, url: url} }

type text struct {
	mu    sync.Mutex
	w     io.Writer
	color bool
	url   string
	began time.Time
}

// The ANSI colours of the first word of a line.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	dim    = "2"
)

func (t *text) paint(color, s string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func (t *text) line(color, word, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := time.Since(t.began).Truncate(time.Second)
	fmt.Fprintf(t.w, "%02d:%02d  %s  %s\n", int(at.Minutes()), int(at.Seconds())%60, t.paint(color, fmt.Sprintf("%-7s", word)), fmt.Sprintf(format, args...))
}

func (t *text) Begin(duration time.Duration, faults int, addresses []string) {
	t.began = time.Now()
	fmt.Fprintf(t.w, `A shop opens: storefront → database + outbox → relay → Kafka → billing → shipping; SQS → warehouse.
For %s it breaks in %d ways. It also does as many things that only look broken.
lostorder watches it from outside, as it would watch your shop. Status page: %s
From another terminal: AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo lostorder discover --observe=20s %s

`, duration, faults, t.url, strings.Join(addresses, " "))
}

func (t *text) Injected(i *injected) {
	t.line(red, "FAULT", "%s%s", i.Title, t.orders(i.Expect.orders))
}

func (t *text) Twin(mode signal.Mode, title string) {
	t.line(dim, "benign", "%s (not %s)", title, mode)
}

func (t *text) Found(i *injected) {
	f := i.Finding
	what := t.orders(f.OrderIDs)
	if what == "" && f.Count > 0 {
		what = ", " + phrase.Count(int(f.Count), "message")
	}
	t.line(green, "FOUND", "%s: %s%s, after %s", f.Mode, f.Subject, what, seconds(i.FoundAt.Sub(i.At)))
}

func (t *text) Closed(f *api.Finding) { t.line(dim, "closed", "%s: %s", f.Mode, f.Subject) }

func (t *text) orders(ids []string) string {
	switch {
	case len(ids) == 0:
		return ""
	case len(ids) == 1:
		return ", order " + ids[0]
	case len(ids) <= 3:
		return ", orders " + strings.Join(ids, " ")
	default:
		return fmt.Sprintf(", orders %s and %d more", strings.Join(ids[:3], " "), len(ids)-3)
	}
}

func (t *text) End(faults []*injected, wrong []*api.Finding, summary Summary) {
	fmt.Fprintln(t.w)
	w := tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FAILURE MODE\tFOUND\tAFTER\tWHERE\tCOUNT\tORDERS")
	for _, i := range faults {
		if i.Finding == nil {
			fmt.Fprintf(w, "%s\tno\t-\t%s\t-\t%s\n", i.Mode, i.Expect.subject, listed(i.Expect.orders))
			continue
		}
		fmt.Fprintf(w, "%s\tyes\t%s\t%s\t%d\t%s\n", i.Mode, seconds(i.FoundAt.Sub(i.At)), i.Finding.Subject, i.Finding.Count, listed(i.Finding.OrderIDs))
	}
	_ = w.Flush()
	for _, f := range wrong {
		fmt.Fprintf(t.w, "%s  %s: %s%s\n         %s\n", t.paint(yellow, "FALSE"), f.Mode, f.Subject, t.orders(f.OrderIDs), f.Summary)
		for _, e := range f.Evidence {
			fmt.Fprintf(t.w, "         %s: %s\n", e.Label(), e.Value)
		}
	}
	color := green
	if !summary.Perfect() {
		color = red
	}
	fmt.Fprintf(t.w, "\n%s\n", t.paint(color, fmt.Sprintf("%d of %d faults found, %d false findings.", summary.Found, summary.Faults, summary.FalseFindings)))
	if summary.Busy && !summary.Perfect() {
		fmt.Fprintf(t.w, "The machine was too busy for this pace: lostorder answered up to %.1f s late. Try --slower=3.\n", summary.LateSeconds)
	}
}

func listed(ids []string) string {
	if len(ids) == 0 {
		return "-"
	}
	if len(ids) > 3 {
		return fmt.Sprintf("%s +%d", strings.Join(ids[:3], " "), len(ids)-3)
	}
	return strings.Join(ids, " ")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// JSON returns a reporter that writes one JSON object per line, the last one
// {"summary": …}. url is the address of the status page.
func JSON(w io.Writer, url string) Reporter { return &lines{enc: json.NewEncoder(w), url: url} }

type lines struct {
	url string
	mu  sync.Mutex
	enc *json.Encoder
}

type record struct {
	Event        string       `json:"event"`
	At           time.Time    `json:"at"`
	URL          string       `json:"url,omitempty"`
	Mode         signal.Mode  `json:"mode,omitempty"`
	Title        string       `json:"title,omitempty"`
	Subject      string       `json:"subject,omitempty"`
	OrderIDs     []string     `json:"order_ids,omitempty"`
	AfterSeconds float64      `json:"after_seconds,omitempty"`
	Finding      *api.Finding `json:"finding,omitempty"`
}

func (l *lines) write(v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The reader may have gone away; there is no other place to report it.
	_ = l.enc.Encode(v)
}

func (l *lines) Begin(time.Duration, int, []string) {
	l.write(record{Event: "open", At: time.Now(), URL: l.url})
}

func (l *lines) Injected(i *injected) {
	l.write(record{Event: "fault", At: i.At, Mode: i.Mode, Title: i.Title, Subject: i.Expect.subject.String(), OrderIDs: i.Expect.orders})
}

func (l *lines) Twin(mode signal.Mode, title string) {
	l.write(record{Event: "benign", At: time.Now(), Mode: mode, Title: title})
}

func (l *lines) Found(i *injected) {
	l.write(record{Event: "found", At: i.FoundAt, Mode: i.Mode, Subject: i.Finding.Subject, OrderIDs: i.Finding.OrderIDs, AfterSeconds: i.FoundAt.Sub(i.At).Seconds(), Finding: i.Finding})
}

func (l *lines) Closed(f *api.Finding) {
	l.write(record{Event: "closed", At: f.ClosedAt, Mode: f.Mode, Subject: f.Subject, OrderIDs: f.OrderIDs})
}

func (l *lines) End(faults []*injected, wrong []*api.Finding, summary Summary) {
	for _, i := range faults {
		if i.Finding == nil {
			l.write(record{Event: "missed", At: i.At, Mode: i.Mode, Title: i.Title, Subject: i.Expect.subject.String(), OrderIDs: i.Expect.orders})
		}
	}
	for _, f := range wrong {
		l.write(record{Event: "false", At: f.DetectedAt, Mode: f.Mode, Subject: f.Subject, OrderIDs: f.OrderIDs, Finding: f})
	}
	l.write(map[string]Summary{"summary": summary})
}
