package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// suspects is how many mismatches two reconciliations remember, each half of them, which is
// the most that one tracks.
const suspects = 100_000

// kept is a source for a keeper that only keeps what readers remember.
type kept struct{ watch.Memory }

func (k kept) Remember(bool, func(*detect.Memory)) (watch.Memory, func()) {
	k.At = time.Now()
	return k.Memory, func() {}
}

func (kept) RestoreClosed([]signal.Finding) {}

// measureSuspects measures what reconciliations with many mismatches cost, once a minute.
func measureSuspects() error {
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	dir, err := os.MkdirTemp("", "lostorder-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var source kept
	for _, name := range []string{"payments", "shipments"} {
		source.Targets = append(source.Targets, watch.TargetMemory{ID: signal.TargetID{Collector: "reconcile", Target: name}, At: time.Now()})
	}
	text := mismatches(suspects / 2)

	heap := inUse()
	began := cpu()
	keeper, _ := state.New(ctx, state.Options{Dir: dir, Log: log})
	for _, t := range source.Targets {
		keeper.Remember(t.ID, text)
	}
	ended, end := context.WithCancel(ctx)
	end()
	keeper.Run(ended, source)
	written := cpu() - began
	grown := inUse() - heap
	if err := keeper.Health().Err; err != nil {
		return err
	}

	begin := time.Now()
	next, _ := state.New(ctx, state.Options{Dir: dir, Log: log})
	for _, t := range source.Targets {
		if !bytes.Equal(next.Recall(t.ID), text) {
			return fmt.Errorf("%s is not restored", t.ID)
		}
	}
	restored := time.Since(begin)
	next.Run(ended, source)
	fmt.Printf("\n| suspects | CPU to write them all | on disk | heap | restored in |\n|---|---|---|---|---|\n| %d | %.1f ms | %.1f MB | %.1f MB | %d ms |\n",
		suspects, ms(written), float64(keeper.Health().Bytes)/1e6, float64(grown)/1e6, restored.Milliseconds())
	return nil
}

// mismatches is what a reconciliation remembers of n keys that differ.
func mismatches(n int) []byte {
	var text bytes.Buffer
	text.WriteString(`{"check":"5f1d","suspects":[`)
	for i := range n {
		fmt.Fprintf(&text, `{"key":["ORD-2026-%08d"],"kind":"missing_right","since":%d,"first":"2026-07-01T12:%02d:%02d.%09dZ","confirmed":true},`,
			i*7919%100_000_000, 1_782_900_000_000+int64(i)*137, i/60%60, i%60, i*104_729%1_000_000_000)
	}
	text.WriteString(`{}]}`)
	return text.Bytes()
}
