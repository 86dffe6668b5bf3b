package client

import "sync"

// parallel runs work concurrently.
type parallel struct {
	running  sync.WaitGroup
	once     sync.Once
	panicked any
}

func (c *parallel) run(work func()) {
	c.running.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				c.once.Do(func() { c.panicked = v })
			}
		}()
		work()
	})
}

// wait waits for all work. A panic is repeated here, in the goroutine of the reading,
// whose owner recovers it.
func (c *parallel) wait() {
	c.running.Wait()
	if c.panicked != nil {
		panic(c.panicked)
	}
}

// inFlight is how many steps run at a time: the broker works on the next request while an
// answer is taken over.
const inFlight = 2

// Pipeline runs steps on the connection to one broker.
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
	var all parallel
	for range inFlight {
		all.run(func() {
			for s := range queue {
				run(s)
			}
		})
	}
	all.wait()
}
