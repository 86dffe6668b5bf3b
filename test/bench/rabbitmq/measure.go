package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// contestant is one way to read all queues.
type contestant struct {
	name    string
	call    func() error
	answers []string // whose bytes it costs

	bytes int
	walls []time.Duration
	cpu   float64 // of the broker, in seconds, of all calls
}

// measure calls the contestants in turn, so that other load on the machine affects all of
// them. The first call is not measured.
func (b *broker) measure(ctx context.Context, contestants []*contestant, rounds int) error {
	for _, c := range contestants {
		if err := c.call(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		for _, address := range c.answers {
			n, err := b.get(ctx, address)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.bytes += n
		}
	}
	for range rounds {
		for _, c := range contestants {
			before, began := b.cpu(), time.Now()
			if err := c.call(); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.walls = append(c.walls, time.Since(began))
			c.cpu += b.cpu() - before
		}
	}
	return nil
}

// show prints the medians of the wall time, the means of the rest, and each as a share of the
// second contestant's.
func show(contestants []*contestant) {
	fmt.Printf("%-22s %18s %20s %22s\n", "of each call", "wall s (median)", "bytes", "broker CPU s (mean)")
	of := contestants[1]
	for _, c := range contestants {
		rounds := float64(len(c.walls))
		fmt.Printf("%-22s %10.3f %6.1f%% %12d %6.1f%% %14.3f %6.1f%%\n", c.name,
			c.wall(), 100*c.wall()/of.wall(), c.bytes, 100*float64(c.bytes)/float64(of.bytes), c.cpu/rounds, 100*c.cpu/of.cpu)
	}
}

func (c *contestant) wall() float64 {
	slices.Sort(c.walls)
	return c.walls[len(c.walls)/2].Seconds()
}
