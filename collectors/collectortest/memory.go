package collectortest

import (
	"maps"
	"sync"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// Memory keeps what readers remember from one start to the next, as a directory does. The
// zero value is empty.
type Memory struct {
	mu   sync.Mutex
	Kept map[signal.TargetID][]byte // use Copy while a target runs
}

// Recall returns what the reader of a target remembered.
func (m *Memory) Recall(id signal.TargetID) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Kept[id]
}

// Remember takes what the reader of a target remembers.
func (m *Memory) Remember(id signal.TargetID, text []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Kept == nil {
		m.Kept = map[signal.TargetID][]byte{}
	}
	m.Kept[id] = text
}

// Copy returns what a crash at this moment leaves.
func (m *Memory) Copy() map[signal.TargetID][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.Kept)
}

var _ collectors.Memory = (*Memory)(nil)
