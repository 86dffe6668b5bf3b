package demo

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// relay publishes the outbox in order, one event at a time.
type relay struct {
	store    *store
	producer *kgo.Client

	mu    sync.Mutex
	stuck bool          // it fails on the next row repeatedly
	head  chan string   // receives the order of the row that it fails on
	slow  time.Duration // extra time per event
}

// stick makes the relay fail on the next event. It returns a channel that receives the
// order of that event.
func (r *relay) stick() <-chan string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stuck, r.head = true, make(chan string, 1)
	return r.head
}

func (r *relay) unstick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stuck = false
}

func (r *relay) slowDown(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow = d
}

func (r *relay) run(ctx context.Context) {
	for pause(ctx, 50*time.Millisecond) {
		rows, err := r.store.pending(ctx, 20)
		if err != nil {
			continue
		}
		for _, row := range rows {
			if !r.publish(ctx, row) {
				break
			}
		}
	}
}

// publish sends one event and reports whether the relay may continue with the next.
func (r *relay) publish(ctx context.Context, row outboxRow) bool {
	r.mu.Lock()
	stuck, slow, head := r.stuck, r.slow, r.head
	r.mu.Unlock()
	if stuck {
		select {
		case head <- row.orderID:
		default:
		}
		return false
	}
	if !pause(ctx, slow) {
		return false
	}
	if err := r.producer.ProduceSync(ctx, event(topicOrders, row.orderID, row.traceparent)).FirstErr(); err != nil {
		return false
	}
	return r.store.published(ctx, row.id, time.Now()) == nil
}
