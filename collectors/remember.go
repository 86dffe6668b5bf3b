package collectors

import (
	"context"
	"log/slog"

	"github.com/lostorder/lostorder/internal/signal"
)

// A Rememberer is a Reader that knows what its target does not show again: how far it has
// read, and what it has found that a later reading has to confirm. A Memory keeps it across
// restarts.
type Rememberer interface {
	Reader
	// Recall takes what Remember returned before a restart, nil if there is nothing. It
	// comes before the first Read. The memory is not trusted: a part that cannot be is
	// dropped, with a log line.
	Recall(memory []byte)
	// Remember returns what must survive a restart, and nil while nothing has changed that
	// is worth a write. It comes after a Read; last says that no other Read follows.
	Remember(last bool) ([]byte, error)
}

// Memory keeps what readers remember. Its methods must not block for long.
type Memory interface {
	Recall(signal.TargetID) []byte
	Remember(signal.TargetID, []byte)
}

// Keep makes the targets that are started from now on continue from a memory.
func (m *Manager) Keep(memory Memory) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.memory = memory
}

type memoryKey struct{}

// WithMemory has the targets that run under the context continue from a memory.
func WithMemory(ctx context.Context, m Memory) context.Context {
	if m == nil {
		return ctx
	}
	return context.WithValue(ctx, memoryKey{}, m)
}

// recollection is what a reader remembers, on the way to a memory. A nil one remembers
// nothing.
type recollection struct {
	id     signal.TargetID
	reader Rememberer
	memory Memory
	log    *slog.Logger
}

// recall gives a reader what it knew before a restart.
func recall(ctx context.Context, id signal.TargetID, r Reader, log *slog.Logger) *recollection {
	memory, kept := ctx.Value(memoryKey{}).(Memory)
	reader, remembers := r.(Rememberer)
	if !kept || !remembers {
		return nil
	}
	reader.Recall(memory.Recall(id))
	return &recollection{id, reader, memory, log}
}

// keep comes before the reading is reported: no finding is remembered without what it was
// found from.
func (c *recollection) keep(last bool) {
	if c == nil {
		return
	}
	text, err := c.reader.Remember(last)
	switch {
	case err != nil:
		c.log.Error("what the target remembers is not kept", "err", err)
	case text != nil:
		c.memory.Remember(c.id, text)
	}
}
