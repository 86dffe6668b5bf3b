package discover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/queues"
	"github.com/lostorder/lostorder/internal/signal"
)

// broker is an address of a broker, while it is looked into.
type broker struct {
	source   collectors.Source
	entry    *draft.Entry
	observed queues.Observed
	advice   checkup.Target
	err      error
}

// brokers looks into all brokers at the same time, for observing takes time.
func (x *explorer) brokers(ctx context.Context) {
	var all []*broker
	for _, source := range builtin.Sources() {
		if source.Discovery == nil {
			continue
		}
		for _, address := range x.Brokers[source.Discovery.Flag] {
			b := &broker{source: source}
			all = append(all, b)
			b.entry, b.err = source.Discovery.Entry(address, func(secret string) string {
				return x.secrets.hide(source.Discovery.Flag+"_password", secret, "the password of --"+source.Discovery.Flag)
			})
			if b.err != nil {
				b.err = fmt.Errorf("--%s: %w", source.Discovery.Flag, b.err)
				continue
			}
			x.out.Add(source.Section.Key, b.entry)
		}
	}
	var working sync.WaitGroup
	for _, b := range all {
		if b.err == nil {
			working.Go(func() { b.err = x.observe(ctx, b) })
		}
	}
	working.Wait()
	for _, b := range all {
		if b.err != nil {
			x.errs = append(x.errs, errors.New(x.secrets.scrub(b.err.Error())))
		}
		if b.entry == nil {
			continue
		}
		if b.observed.Readings == 0 {
			b.entry.Off = "it could not be read when this file was written."
			continue
		}
		known := slices.Clone(b.entry.Lines)
		queues.Propose(b.entry, *b.source.Discovery, &b.observed)
		if _, err := x.parse(b.source.Section.Key, b.entry); err != nil { // a name that no pattern can hold, perhaps
			b.entry.Lines = known
			b.entry.Why = append(b.entry.Why, "What was observed makes no valid entry: "+reasons(b.entry.Name, err).Error())
		}
		if b.advice.Error != "" {
			b.entry.Why = append(b.entry.Why, "Not read: "+failure(b.advice, ""))
		}
		warn(b.entry, b.advice)
	}
}

// observe reads a broker as lostorder run does, for as long as --observe says.
func (x *explorer) observe(ctx context.Context, b *broker) error {
	often := *b.entry
	often.Lines = append(slices.Clone(b.entry.Lines), draft.Line{Key: "interval", Value: x.interval()})
	f, err := x.parse(b.source.Section.Key, &often)
	if err != nil {
		return reasons("--"+b.source.Discovery.Flag, err)
	}
	target := b.source.Targets(f)[0]
	x.Progress("%s: read what there is", target.ID)
	examined := collectors.Examine(ctx, target)
	b.advice = checkup.Of(examined)
	if examined.Report.Err != nil && examined.Report.Empty() {
		return fmt.Errorf("%s: %w", target.ID, examined.Report.Err)
	}
	b.observed.Add(&examined.Report)
	x.Progress("%s: %s; observe for %s", target.ID, b.advice.Reachable, config.Duration(x.Observe))
	if x.Observe <= 0 {
		return nil
	}
	during, cancel := context.WithTimeout(ctx, x.Observe)
	defer cancel()
	reports := make(observer, 64)
	ended := make(chan error, 1)
	go func() { ended <- target.New(slog.New(slog.DiscardHandler)).Run(during, reports) }()
	tick := time.NewTicker(max(x.Observe/4, 15*time.Second))
	defer tick.Stop()
	began := time.Now()
	for {
		select {
		case r := <-reports:
			b.observed.Add(&r)
		case <-tick.C:
			x.Progress("%s: observed for %s of %s", target.ID, time.Since(began).Round(time.Second), config.Duration(x.Observe))
		case err := <-ended:
			return errors.Join(err, ctx.Err())
		}
	}
}

// interval is how often a broker is read while it is observed: often enough for several
// readings, and not more often than every second.
func (x *explorer) interval() config.Duration {
	return config.Duration(min(15*time.Second, max(time.Second, x.Observe/8).Round(time.Second)))
}

// observer takes the reports of one target.
type observer chan signal.Report

// Report takes a report, unless it is the hundredth that waits.
func (o observer) Report(r signal.Report) {
	select {
	case o <- r:
	default:
	}
}
