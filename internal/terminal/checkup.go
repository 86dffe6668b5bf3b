package terminal

import (
	"fmt"
	"io"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/phrase"
)

// Checkup writes the result of a check, target by target. Only commands to paste are
// longer than a line.
func (s Style) Checkup(w io.Writer, r *checkup.Result) error {
	var b strings.Builder
	bad, advice := 0, 0
	for i := range r.Targets {
		t := &r.Targets[i]
		s.target(&b, t)
		if !t.OK {
			bad++
		}
		for _, a := range t.Advice {
			if a.Kind == collectors.Warning || a.Kind == collectors.Index {
				advice++
			}
		}
	}
	silent := 0
	for _, w := range r.Webhooks {
		if w.OK {
			fmt.Fprintf(&b, "%s webhook %s  took a test notification\n", s.paint(colors["calm"], "ok   "), w.Webhook)
			continue
		}
		silent++
		fmt.Fprintf(&b, "%s webhook %s\n", s.paint(colors["lost"], "FAIL "), w.Webhook)
		s.item(&b, "error", colors["lost"], w.Error)
	}
	if len(r.Webhooks) > 0 {
		b.WriteByte('\n')
	}
	for _, text := range r.Warnings {
		advice++
		s.item(&b, "warning", colors["risk"], text)
	}
	if len(r.Warnings) > 0 {
		b.WriteByte('\n')
	}
	switch {
	case bad > 0 && len(r.Targets) == 1:
		b.WriteString(s.paint(colors["lost"], "The target cannot be read completely."))
	case bad > 0:
		b.WriteString(s.paint(colors["lost"], fmt.Sprintf("%d of %s cannot be read completely.", bad, phrase.Count(len(r.Targets), "target"))))
	case silent > 0:
		b.WriteString(s.paint(colors["lost"], fmt.Sprintf("%d of %s cannot be notified.", silent, phrase.Count(len(r.Webhooks), "webhook"))))
	case advice > 0:
		b.WriteString(s.paint(colors["risk"], fmt.Sprintf("%s can be read. %s to fix.", phrase.Count(len(r.Targets), "target"), phrase.Count(advice, "problem"))))
	default:
		b.WriteString(s.paint(colors["calm"], phrase.Count(len(r.Targets), "target")+" can be read. Nothing to fix."))
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

func (s Style) target(b *strings.Builder, t *checkup.Target) {
	mark, what := s.paint(colors["calm"], "ok   "), "reachable"
	switch {
	case !t.OK && t.Reachable == "":
		mark, what = s.paint(colors["lost"], "FAIL "), "cannot be read"
	case !t.OK:
		mark, what = s.paint(colors["lost"], "PART "), "read in part"
	}
	fmt.Fprintf(b, "%s %s/%s  %s", mark, t.Collector, t.Target, what)
	if t.Reachable != "" {
		b.WriteString(": " + t.Reachable)
	}
	fmt.Fprintf(b, ", in %.2f s\n", t.TookSeconds)
	if t.Error != "" {
		s.item(b, "error", colors["lost"], t.Error)
	}
	for _, role := range t.Roles {
		s.item(b, "role", "", role.Queue+": "+phrase.RoleName(role.Role)+" – "+role.Reason)
	}
	for _, a := range t.Advice {
		switch a.Kind {
		case collectors.Picture:
			b.WriteString("      " + strings.ReplaceAll(strings.TrimRight(a.Text, "\n"), "\n", "\n      ") + "\n")
			continue
		case collectors.Warning:
			s.item(b, "warning", colors["risk"], a.Text)
		case collectors.Index:
			s.item(b, "index", colors["risk"], a.Text)
		case collectors.Grant:
			s.item(b, "grant", "", a.Text)
		case collectors.Cost:
			s.item(b, "cost", "", a.Text)
		}
		if a.Paste != "" {
			b.WriteString(pasted + strings.ReplaceAll(a.Paste, "\n", "\n"+pasted) + "\n")
		}
	}
	b.WriteByte('\n')
}

// pasted is the indent of what is to be pasted.
const pasted = "               "

// item writes one entry under its word.
func (s Style) item(b *strings.Builder, word, color, text string) {
	body := strings.TrimPrefix(s.wrap(text, pasted), pasted)
	fmt.Fprintf(b, "      %s %s\n", s.paint(color, fmt.Sprintf("%-8s", word)), body)
}
