package main

import (
	"context"
	"slices"
	"time"
)

// bench holds the settings of a measurement.
type bench struct {
	addr     string
	rounds   int
	interval time.Duration
	profiles string
	broker   process
}

// A sample is the state at one moment between two cycles.
type sample struct {
	at          time.Time
	own, broker float64
}

func (b *bench) sample(p process) sample {
	s := sample{at: time.Now()}
	s.own, _ = p.cpu()
	s.broker, _ = b.broker.cpu()
	return s
}

// costs fills in the cost of n cycles between two samples.
func (row *Row) costs(from, to sample, n int) {
	row.CPU = (to.own - from.own) / float64(n)
	row.brokerBusy = (to.broker - from.broker) / float64(n)
	row.round = to.at.Sub(from.at).Seconds() / float64(n)
}

// billBroker fills in the broker's cost of a cycle, minus its idle load; idle is in CPU
// seconds per second.
func (row *Row) billBroker(broker process, idle float64) {
	row.BrokerCPU = unknown
	if broker != 0 {
		row.BrokerCPU = max(0, row.brokerBusy-idle*row.round)
	}
}

// fill fills in the size of the last scrape and the memory of the process.
func (row *Row) fill(p process, last *scraped) (err error) {
	row.RSS, row.Peak = p.memory()
	row.Compressed = last.compressed
	row.Bytes, err = last.each(func(_, _ []byte) { row.Series++ })
	return err
}

func median(of []time.Duration) float64 {
	slices.Sort(of)
	return of[len(of)/2].Seconds()
}

// again measures the cost of one more scraper of the same snapshot.
func (b *bench) again(ctx context.Context, p process, s *scraper) (wall, cpu float64, err error) {
	const scrapes = 20
	var took []time.Duration
	before, _ := p.cpu()
	for range scrapes {
		one, err := s.scrape(ctx)
		if err != nil {
			return 0, 0, err
		}
		took = append(took, one.took)
	}
	after, _ := p.cpu()
	return median(took), (after - before) / scrapes, nil
}
