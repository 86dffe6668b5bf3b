package collectortest

import (
	"context"
	"runtime/pprof"
	"testing"
	"time"
)

func TestAGoroutineThatStaysIsSeen(t *testing.T) {
	release := make(chan struct{})
	started := make(chan struct{})
	go pprof.Do(context.Background(), pprof.Labels(label, t.Name()), func(context.Context) {
		go func() { close(started); <-release }()
	})
	<-started
	if left(t.Name()) == "" {
		t.Error("a goroutine that a marked one started is not seen")
	}
	close(release)
	for deadline := time.Now().Add(patience); left(t.Name()) != ""; {
		if time.Now().After(deadline) {
			t.Fatalf("a goroutine that ended is still seen:\n%s", left(t.Name()))
		}
		time.Sleep(time.Millisecond)
	}
}
