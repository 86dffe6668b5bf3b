package detect

import (
	"fmt"
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// MemoryVersion is the version of Memory. It changes when a field changes its meaning or is
// removed; a memory of another version is not restored.
const MemoryVersion = 1

// Memory is what a detector remembers of one target, besides its findings, in plain values
// that encoding/json and encoding/gob can write and read.
type Memory struct {
	Version  int
	Target   signal.TargetID
	Identity string         // what the target says it is; empty where it says nothing
	First    signal.Instant // of the first reading
	Last     signal.Instant // of the last

	Queues      []*queueMemory
	Vanished    []*queueMemory
	DeadLetters []*deadLetterMemory
	Outboxes    []*outboxMemory
	Brokers     []*brokerMemory
	Deletions   []*deletion
	Expiries    []Expiry
	Muted       []mutedUntil
	Undeclared  []undeclaredState
	Slots       []*slotMemory
}

// mutedUntil is a symptom that is not reported until a moment.
type mutedUntil struct {
	Mode    signal.Mode
	Subject signal.Subject
	Until   signal.Instant
}

// Targets returns the targets that the detector remembers, in a stable order.
func (d *Detector) Targets() []signal.TargetID {
	all := make([]signal.TargetID, 0, len(d.memories))
	for id := range d.memories {
		all = append(all, id)
	}
	slices.SortFunc(all, func(a, b signal.TargetID) int {
		return slices.Compare([]string{a.Collector, a.Target}, []string{b.Collector, b.Target})
	})
	return all
}

// Snapshot returns what the detector remembers of a target; false when it remembers
// nothing. The memory shares its values with the detector: encode it before the next call
// of any other method.
func (d *Detector) Snapshot(id signal.TargetID) (*Memory, bool) {
	m, known := d.memories[id]
	if !known {
		return nil, false
	}
	s := &Memory{
		Version: MemoryVersion, Target: id, Identity: m.identity, First: m.first, Last: m.last,
		Queues: values(m.queues), Vanished: values(m.vanished), DeadLetters: values(m.deadLetters),
		Outboxes: values(m.outboxes), Brokers: values(m.brokers), Deletions: values(m.deletions), Expiries: m.expiries, Undeclared: m.undeclared, Slots: m.slots,
	}
	for key, until := range m.muted {
		s.Muted = append(s.Muted, mutedUntil{key.Symptom, key.Subject, until})
	}
	return s, true
}

// Restore gives the detector the memory of a target. RestoreFindings restores its open
// findings. The next report of the target drops the memory when it has another
// identity. The detector keeps the values of the memory: decode a new one for each call.
func (d *Detector) Restore(s *Memory) error {
	if s.Version != MemoryVersion {
		return fmt.Errorf("restore the memory of %s: it has version %d, and this lostorder reads version %d", s.Target, s.Version, MemoryVersion)
	}
	m := newTargetMemory(s.First)
	m.identity, m.last, m.expiries, m.undeclared, m.slots = s.Identity, s.Last, s.Expiries, s.Undeclared, s.Slots
	for _, q := range s.Queues {
		m.queues[q.ID] = q
	}
	for _, q := range s.Vanished {
		m.vanished[q.ID] = q
	}
	for _, t := range s.DeadLetters {
		m.deadLetters[t.Destination] = t
	}
	for _, o := range s.Outboxes {
		m.outboxes[o.Name] = o
	}
	for _, b := range s.Brokers {
		m.brokers[b.Broker] = b
	}
	for _, d := range s.Deletions {
		m.deletions[d.ID] = d
	}
	for _, muting := range s.Muted {
		m.muted[muted{muting.Mode, muting.Subject}] = muting.Until
	}
	d.memories[s.Target] = m
	return nil
}

// values returns the values of a map, in no order.
func values[K comparable, V any](m map[K]V) []V {
	all := make([]V, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	return all
}
