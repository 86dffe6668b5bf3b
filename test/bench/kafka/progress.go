package main

import (
	"fmt"
	"os"
	"time"
)

var began = time.Now()

// say prints progress to stderr, because the benchmark takes minutes.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}

// A meter prints the progress of a long step every two seconds.
type meter struct {
	step string
	all  int
	next time.Time
}

func newMeter(step string, all int) *meter {
	say("%s", step)
	return &meter{step: step, all: all, next: time.Now().Add(2 * time.Second)}
}

func (m *meter) at(n int) {
	if time.Now().After(m.next) {
		m.next = time.Now().Add(2 * time.Second)
		say("%s: %d of %d", m.step, n, m.all)
	}
}
