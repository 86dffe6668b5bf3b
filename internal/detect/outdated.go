package detect

import (
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// Outdated is something whose memory was dropped, because a reading showed that it is another
// one now.
type Outdated struct {
	Cause   OutdatedCause
	Target  signal.TargetID
	Cluster string
	Name    string // of the topic, or of the node
}

// OutdatedCause is why something is remembered in vain.
type OutdatedCause string

// The causes.
const (
	Recreated OutdatedCause = "recreated" // a topic was deleted and created again
	Restarted OutdatedCause = "restarted" // a node restarted, and its counters with it
)

// outdate notes it once.
func (m *targetMemory) outdate(o Outdated) {
	if !slices.Contains(m.outdated, o) {
		m.outdated = append(m.outdated, o)
	}
}

// Outdated returns what was dropped since it was called last.
func (d *Detector) Outdated() (all []Outdated) {
	for id, m := range d.memories {
		for _, o := range m.outdated {
			o.Target = id
			all = append(all, o)
		}
		m.outdated = nil
	}
	return all
}
