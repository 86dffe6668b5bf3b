// Package terminal writes the answers of a running lostorder as text for a terminal.
package terminal

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// The columns that every line fits into, unless an order's id alone is longer, and unless nothing
// may be cut. A line that is longer is hard to read, and a table that is narrower holds nothing.
const (
	leastColumns = 80
	usualColumns = 100 // where the terminal does not say
	mostColumns  = 200
)

// idLength is how much of a finding's id the table shows. It is enough to identify it.
const idLength = 6

// Style is how text is written: with or without colours, and the current time.
type Style struct {
	Color bool
	Now   time.Time
	// Columns are those of the terminal; 0 where that is unknown.
	Columns int
	// Whole: the lines of a table may have any length, for a program that reads them.
	Whole bool
}

// width is how many columns a line may take.
func (s Style) width() int {
	if s.Columns <= 0 {
		return usualColumns
	}
	return min(max(s.Columns, leastColumns), mostColumns)
}

func (s Style) paint(code, text string) string {
	if !s.Color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

var colors = map[string]string{
	string(signal.Critical): "31", string(signal.Warning): "33",
	"lost": "1;31", "risk": "1;33", "blind": "1;33", "calm": "1;32",
}

// Findings writes what is lost now: the verdict, which targets it is based on, and a
// table that fits the columns of the terminal.
func (s Style) Findings(w io.Writer, a *api.Findings) error {
	var b strings.Builder
	b.WriteString(s.paint(colors[a.Verdict.Level], a.Verdict.Label) + ". " + strings.TrimSuffix(a.Verdict.Text, ".") + ".\n")
	if a.Verdict.Sight != "" {
		b.WriteString(s.wrap(a.Verdict.Sight, "") + "\n")
	}
	if len(a.Findings) > 0 {
		b.WriteByte('\n')
		s.table(&b, symptomsBehind(a.Findings))
		b.WriteString("\nlostorder findings " + short(a.Findings[0].ID) + " shows the evidence and the runbook.\n")
	}
	for i, a := range a.Acknowledged {
		if i == 0 {
			b.WriteString("\nAcknowledged, and not counted:\n")
		}
		text := a.About + ": " + phrase.Acknowledged(a.Count, a.Known, a.Expired) + ", until " + a.Until.In(s.Now.Location()).Format("2006-01-02 15:04 MST") + ". " + a.Why
		b.WriteString(s.wrap(text, "  ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// symptomsBehind puts each symptom behind its cause.
func symptomsBehind(findings []api.Finding) []api.Finding {
	listed := map[string]bool{}
	symptoms := map[string][]api.Finding{}
	for i := range findings {
		listed[findings[i].ID] = true
		symptoms[findings[i].CausedBy] = append(symptoms[findings[i].CausedBy], findings[i])
	}
	all := make([]api.Finding, 0, len(findings))
	for i := range findings {
		if f := &findings[i]; f.CausedBy == "" || !listed[f.CausedBy] {
			all = append(append(all, *f), symptoms[f.ID]...)
		}
	}
	return all
}

// table writes one line per finding. The subject can be long, and gets the width that
// the other columns leave.
func (s Style) table(b *strings.Builder, findings []api.Finding) {
	rows := [][]string{{"ID", "SEVERITY", "FAILURE MODE", "FOR", "COUNT", "WHERE", "ORDERS"}}
	for i := range findings {
		f := &findings[i]
		until := s.Now
		if !f.ClosedAt.IsZero() {
			until = f.ClosedAt
		}
		lasted := phrase.Ago(until.Sub(f.Since))
		mode := string(f.Mode)
		if f.CausedBy != "" && i > 0 && (findings[i-1].ID == f.CausedBy || findings[i-1].CausedBy == f.CausedBy) {
			mode = "└ " + mode // it stands behind its cause, or behind another symptom
		}
		rows = append(rows, []string{short(f.ID), string(f.Severity), mode, lasted, strconv.FormatInt(f.Count, 10), f.Subject, ""})
	}
	const where, orders, gap = 5, 6, 2
	widths := make([]int, orders)
	for _, row := range rows {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	left := s.width() - len(widths)*gap
	if s.Whole {
		left = math.MaxInt32
	}
	for i := range where {
		left -= widths[i]
	}
	const forOrders = 14
	widths[where] = min(widths[where], max(left-forOrders, 16))
	for i, row := range rows {
		if i > 0 {
			f := &findings[i-1]
			row[orders] = sample(f.OrderIDs, f.Count, left-widths[where])
		}
		var line strings.Builder
		for c, cell := range row[:orders] {
			cell = phrase.Cut(cell, widths[c])
			pad := strings.Repeat(" ", widths[c]-utf8.RuneCountInString(cell)+gap)
			switch {
			case c == 1 && i > 0:
				cell = s.paint(colors[cell], cell)
			case c == 4:
				cell, pad = strings.Repeat(" ", len(pad)-gap)+cell, strings.Repeat(" ", gap) // numbers are right-aligned
			}
			line.WriteString(cell + pad)
		}
		b.WriteString(strings.TrimRight(line.String()+row[orders], " ") + "\n")
	}
}

// sample names as many orders as fit, and the number of the others.
func sample(ids []string, count int64, room int) string {
	if len(ids) == 0 {
		return "-"
	}
	for n := len(ids); ; n-- {
		text := strings.Join(ids[:n], " ")
		if more := max(count, int64(len(ids))) - int64(n); more > 0 {
			text += fmt.Sprintf(" +%d", more)
		}
		if n == 1 || utf8.RuneCountInString(text) <= room {
			return text
		}
	}
}

// row is one labelled line.
type row struct{ label, text string }

// Finding writes one finding: what happened, then the facts.
func (s Style) Finding(w io.Writer, f *api.Finding) error {
	var b strings.Builder
	b.WriteString(s.paint(colors[string(f.Severity)], string(f.Mode)) + ": " + f.Subject + "\n\n")
	if f.Summary != "" {
		b.WriteString(s.wrap(f.Summary, "") + "\n\n")
	}
	facts := []row{
		{"id", f.ID},
		{"severity", string(f.Severity)},
		{"since", s.moment(f.Since)},
		{"found", s.moment(f.DetectedAt)},
	}
	if !f.ClosedAt.IsZero() {
		facts = append(facts, row{"closed", s.moment(f.ClosedAt)})
	}
	facts = append(facts, row{"count", strconv.FormatInt(f.Count, 10)})
	if f.AtStake != "" {
		facts = append(facts, row{"at stake", f.AtStake})
	}
	if f.Unconfirmed {
		facts = append(facts, row{"confirmed", "not since lostorder restarted"})
	}
	if f.TimesIn7Days > 1 {
		facts = append(facts, row{"in 7 days", strconv.Itoa(f.TimesIn7Days) + " times"})
	}
	if f.CausedBy != "" {
		facts = append(facts, row{"caused by", f.CausedBy})
	}
	if len(f.Symptoms) > 0 {
		facts = append(facts, row{"symptoms", strings.Join(f.Symptoms, " ")})
	}
	if len(f.CustomLabels) > 0 {
		facts = append(facts, row{"labels", f.CustomLabels.String()})
	}
	if len(f.OrderIDs) > 0 {
		text := strings.Join(f.OrderIDs, " ")
		if more := f.Count - int64(len(f.OrderIDs)); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		facts = append(facts, row{"orders", text})
	}
	if f.TraceID != "" {
		facts = append(facts, row{"trace", f.TraceID})
	}
	facts = append(facts, row{"watched by", f.Target})
	if f.URL != "" {
		facts = append(facts, row{"page", f.URL})
	}
	facts = append(facts, row{"runbook", f.RunbookURL})
	longest := 0
	evidence := make([]row, len(f.Evidence))
	for i, fact := range f.Evidence {
		evidence[i] = row{fact.Label(), fact.Value.String()}
	}
	for _, fact := range slices.Concat(facts, evidence) {
		longest = max(longest, len(fact.label))
	}
	write := func(all []row) {
		for _, fact := range all {
			indent := strings.Repeat(" ", longest+4)
			fmt.Fprintf(&b, "  %-*s  %s\n", longest, fact.label, strings.TrimPrefix(s.wrap(fact.text, indent), indent))
		}
	}
	write(facts)
	if len(evidence) > 0 {
		b.WriteString("\nDecided from:\n")
		write(evidence)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// moment writes a time and how long ago it was.
func (s Style) moment(t time.Time) string {
	return t.In(s.Now.Location()).Format("2006-01-02 15:04:05 MST") + " (" + phrase.Ago(s.Now.Sub(t)) + " ago)"
}

// short is the beginning of an id. It cuts no character of an id that is not lostorder's.
func short(id string) string { return strings.ToValidUTF8(id[:min(len(id), idLength)], "") }

// wrap breaks text between words, so that its lines, with the indent, fit.
func (s Style) wrap(text, indent string) string { return wrapAt(text, indent, s.width()) }

// wrapAt breaks text between words, so that its lines, with the indent, have at most so
// many columns.
func wrapAt(text, indent string, width int) string {
	return indent + strings.Join(phrase.Wrap(text, width-len(indent)), "\n"+indent)
}
