package client

import "sync"

// crew is work that goes on side by side.
type crew struct {
	running sync.WaitGroup
	once    sync.Once
	panicky any
}

func (c *crew) run(work func()) {
	c.running.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				c.once.Do(func() { c.panicky = v })
			}
		}()
		work()
	})
}

// wait waits for all of it. What panicked does so here, in the goroutine of the
// reading, whose owner answers for it.
func (c *crew) wait() {
	c.running.Wait()
	if c.panicky != nil {
		panic(c.panicky)
	}
}

// inFlight is how many requests are under way to a broker at a time: while one
// answer is taken apart the broker works on the next.
const inFlight = 2

// Pipeline runs the steps on the connection to one broker.
func Pipeline[T any](steps []T, run func(T)) {
	if len(steps) < 2 {
		for _, s := range steps {
			run(s)
		}
		return
	}
	queue := make(chan T, len(steps))
	for _, s := range steps {
		queue <- s
	}
	close(queue)
	var all crew
	for range inFlight {
		all.run(func() {
			for s := range queue {
				run(s)
			}
		})
	}
	all.wait()
}
