package collectors

import (
	"context"
	"errors"
	"log/slog"

	"github.com/lostorder/lostorder/internal/signal"
)

// Advice is one recommendation for the operator of a target.
type Advice struct {
	Kind AdviceKind `json:"kind"`
	Text string     `json:"text"`
	// Paste is a statement for the owner of the target to run; lostorder never runs it.
	Paste string `json:"paste,omitempty"`
	// Lacking are the lines of a grant that are for rights the user was seen to lack.
	Lacking string `json:"-"`
}

// AdviceKind is the purpose of advice.
type AdviceKind string

// The kinds of advice.
const (
	Grant   AdviceKind = "grant"   // the permissions that the target needs, and no more; also optional ones
	Index   AdviceKind = "index"   // without it a query would read a large table, and is refused
	Warning AdviceKind = "warning" // something that should be fixed
	Picture AdviceKind = "picture" // what the config describes, drawn as text
	Cost    AdviceKind = "cost"    // what reading the target costs in money
)

// GrantOf is the advice to run a grant; none if there is nothing to run.
func GrantOf(why, paste string) []Advice {
	if paste == "" {
		return nil
	}
	return []Advice{{Kind: Grant, Text: why, Paste: paste}}
}

// Warnings is the advice to fix something.
func Warnings(texts []string) (all []Advice) {
	for _, text := range texts {
		all = append(all, Advice{Kind: Warning, Text: text})
	}
	return all
}

// An Adviser is a Reader with advice for the operator. Advise is called after Read, also
// after a failed one.
type Adviser interface {
	Advise(ctx context.Context) []Advice
}

// Examination is the result of one reading of a target, with advice.
type Examination struct {
	Report signal.Report
	Advice []Advice
}

// Examine reads a target once, in the same way as when it is watched, and returns the
// advice.
func Examine(ctx context.Context, t Target) Examination {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := t.New(slog.New(slog.DiscardHandler))
	if p, polled := c.(*poller); polled {
		return p.examine(ctx)
	}
	first := make(firstReport, 1)
	ended := make(chan error, 1)
	go func() { ended <- runGuarded(ctx, t, slog.New(slog.DiscardHandler), first) }()
	select {
	case r := <-first:
		cancel()
		if err := <-ended; err != nil && r.Err == nil {
			r.Err = err
		}
		return Examination{Report: r}
	case err := <-ended:
		select {
		case r := <-first: // the collector ended just after it
			return Examination{Report: r}
		default:
		}
		if err == nil {
			err = errors.New("collector ended without a reading")
		}
		return Examination{Report: signal.Report{TargetID: t.ID, Err: err}}
	}
}

func (p *poller) examine(ctx context.Context) Examination {
	reader := p.open()
	defer func() { _ = reader.Close() }()
	e := Examination{Report: p.read(ctx, reader, make(firstReport, 1))}
	if adviser, ok := reader.(Adviser); ok {
		e.Advice = adviser.Advise(ctx)
	}
	return e
}

// firstReport is a sink that keeps the first report.
type firstReport chan signal.Report

// Report keeps a report if it is the first.
func (f firstReport) Report(r signal.Report) {
	select {
	case f <- r:
	default:
	}
}
