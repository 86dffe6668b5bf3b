package terminal_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
)

// FuzzOutput writes any text into findings and checks.
func FuzzOutput(f *testing.F) {
	f.Add("orders", "A-1017")
	f.Add("\x1b[31m\u202e\n", strings.Repeat("9", 10_000))
	f.Add("\xff", "")
	f.Fuzz(func(t *testing.T, name, id string) {
		a := answer()
		a.Verdict.Text, a.Verdict.Sight = name, name
		one := &a.Findings[0]
		one.Subject, one.ID, one.Target, one.OrderIDs, one.Evidence = name, id, name, []string{id, name}, signal.Evidence{signal.TextFact(name, id)}
		untrusted.Value(a)
		r := checkup.Of(collectors.Examination{
			Report: untrusted.Report(signal.Report{TargetID: signal.TargetID{Collector: "kafka", Target: "main"}, Warnings: []string{name, id}}),
			Advice: []collectors.Advice{{Kind: collectors.Grant, Text: name, Paste: id}, {Kind: collectors.Picture, Text: name}},
		})
		var b strings.Builder
		for _, write := range []func() error{
			func() error { return style.Findings(&b, a) },
			func() error { return style.Finding(&b, one) },
			func() error { return style.Checkup(&b, &checkup.Result{Targets: []checkup.Target{r}}) },
		} {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}
		if text := b.String(); !utf8.ValidString(text) || strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsGraphic(r) }) >= 0 {
			t.Errorf("%q and %q are written as %q", name, id, text)
		}
	})
}
