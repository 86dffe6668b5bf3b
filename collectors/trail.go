package collectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// A Tracker is a Reader that can look up one order.
type Tracker interface {
	// Trail returns the places in which the target may hold the order, with what happened
	// to it there. It reads rows by an index, at most MostRows of each place, and returns
	// soon after ctx ends. What it could not search is a place with an error; the error
	// that it returns is about all places.
	Trail(ctx context.Context, orderID string) ([]signal.Place, error)
}

// MostRows is how many rows or messages of one order are read from one place.
const MostRows = 200

// ErrNoTrail is the error about a source that has no way to look up one order.
var ErrNoTrail = errors.New("this source cannot look up one order")

// Trail looks up one order in a target, within the time that one reading may take. It
// does so beside the readings of the target, with a reader of its own.
func Trail(ctx context.Context, t Target, orderID string) (places []signal.Place, err error) {
	p, polled := t.New(slog.New(slog.DiscardHandler)).(*poller)
	if !polled {
		return nil, ErrNoTrail
	}
	reader := p.open()
	defer func() {
		if v := recover(); v != nil {
			slog.Error("look-up panicked; this is a bug in lostorder, please report it", "collector", t.ID.Collector, "target", t.ID.Target, "stack", string(debug.Stack()))
			places, err = nil, errors.New("look-up panicked; the log has the details")
		}
		_ = reader.Close()
	}()
	tracker, ok := reader.(Tracker)
	if !ok {
		return nil, ErrNoTrail
	}
	timeout := time.Duration(p.schedule.Timeout)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	places, err = tracker.Trail(ctx, orderID)
	if err != nil && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("timeout after %s: %w", timeout, err)
	}
	return places, err
}
