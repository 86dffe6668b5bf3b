package turn_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lostorder/lostorder/internal/turn"
)

func TestTheTimeForWhichAReadingWaitsDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := turn.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		below, cancelBelow := context.WithCancel(ctx)
		defer cancelBelow()
		time.Sleep(4 * time.Second)
		for range 2 {
			resume := turn.Waiting(below)
			inner := turn.Waiting(below)
			time.Sleep(time.Hour)
			inner()
			resume()
		}
		time.Sleep(5 * time.Second)
		if err := below.Err(); err != nil {
			t.Fatalf("after 9 of 10 seconds: %v", err)
		}
		began := time.Now()
		<-below.Done()
		if took := time.Since(began); took != time.Second || !errors.Is(below.Err(), context.DeadlineExceeded) {
			t.Errorf("it ended %s later with %v", took, below.Err())
		}
	})
}

func TestAReadingThatWaitsEndsWithItsParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, stop := context.WithCancel(t.Context())
		ctx, cancel := turn.WithTimeout(parent, time.Second)
		defer cancel()
		defer turn.Waiting(ctx)()
		time.Sleep(time.Hour)
		stop()
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("it ended with %v", ctx.Err())
		}
	})
}

func TestATimeoutBelowAnEndedParentEndsAtOnce(t *testing.T) {
	for range 1000 { // either goroutine may be first
		parent, stop := context.WithCancel(t.Context())
		stop()
		ctx, cancel := turn.WithTimeout(parent, time.Hour)
		turn.Waiting(ctx)()
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Fatalf("it ended with %v", ctx.Err())
		}
		cancel()
	}
}

func TestATimeoutMayPassAtOnce(t *testing.T) {
	for range 1000 {
		ctx, cancel := turn.WithTimeout(t.Context(), 1)
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Fatalf("it ended with %v", ctx.Err())
		}
		cancel()
	}
}

func TestAReadingKnowsHowMuchTimeIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if left, ok := turn.Left(t.Context()); ok {
			t.Errorf("a context without an end has %s left", left)
		}
		ctx, cancel := turn.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		time.Sleep(4 * time.Second)
		resume := turn.Waiting(ctx)
		time.Sleep(time.Hour)
		if left, ok := turn.Left(ctx); left != 6*time.Second || !ok {
			t.Errorf("while it waits %s are left, %t", left, ok)
		}
		resume()
		below, cancelBelow := context.WithCancel(ctx)
		defer cancelBelow()
		time.Sleep(time.Second)
		if left, ok := turn.Left(below); left != 5*time.Second || !ok {
			t.Errorf("%s are left, %t", left, ok)
		}
	})
}

// TestAPartOfAReadingThatWaitsLeavesTheWholeItsTime: the part ends before the whole, and neither
// counts the wait.
func TestAPartOfAReadingThatWaitsLeavesTheWholeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole, cancel := turn.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		part, cancelPart := turn.WithTimeout(whole, 8*time.Second)
		defer cancelPart()
		resume := turn.Waiting(part)
		time.Sleep(time.Hour)
		resume()
		began := time.Now()
		<-part.Done()
		if took := time.Since(began); took != 8*time.Second || whole.Err() != nil {
			t.Errorf("the part ended %s later, the whole with %v", took, whole.Err())
		}
		<-whole.Done()
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the whole ended %s later", took)
		}
	})
}
