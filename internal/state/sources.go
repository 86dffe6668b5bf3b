package state

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// Veil encrypts what sources remember where order ids are hashed. A nil one does not.
type Veil interface {
	Fingerprint() string
	Seal(text []byte) ([]byte, error)
	Unseal(text []byte) ([]byte, error)
}

// largestSource bounds what a source may remember: 50,000 mismatches take a quarter of it.
const largestSource = 64 << 20

// sources keeps what the readers of targets remember, compressed and encrypted. Readers use
// it while the Keeper writes.
type sources struct {
	mu    sync.Mutex
	all   map[signal.TargetID][]byte
	dirty map[signal.TargetID]bool // not written yet
}

func (s *sources) set(id signal.TargetID, body []byte, dirty bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[id] = body
	if dirty {
		s.dirty[id] = true
	}
}

func (s *sources) get(id signal.TargetID) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[id]
}

// take returns the records that are not written yet, or all.
func (s *sources) take(all bool) (records []record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, body := range s.all {
		if all || s.dirty[id] {
			records = append(records, record{sourceKey(id), body})
		}
	}
	clear(s.dirty)
	return records
}

func sourceKey(id signal.TargetID) recordID { return recordID{kindSource, id.String()} }

// Recall returns what the reader of a target remembered; nil if there is nothing.
func (k *Keeper) Recall(id signal.TargetID) []byte {
	body := k.sources.get(id)
	if body == nil {
		return nil
	}
	text, err := k.unpack(body)
	if err != nil {
		k.Log.Warn("what a source remembers of a target is damaged and dropped", "target", id.String(), "err", err)
		k.Dropped(watch.DroppedCorrupt)
		return nil
	}
	return text
}

// Remember takes what the reader of a target remembers.
func (k *Keeper) Remember(id signal.TargetID, text []byte) {
	body, err := k.pack(text)
	if err != nil {
		k.Log.Error("lostorder cannot encode what a source remembers of a target", "target", id.String(), "err", err)
		return
	}
	k.sources.set(id, body, true)
	k.Changed()
}

func (k *Keeper) pack(text []byte) ([]byte, error) {
	return k.Veil.Seal(bytes.Clone(s2.Encode(nil, text))) // without the room that the encoder reserves
}

func (k *Keeper) unpack(body []byte) ([]byte, error) {
	packed, err := k.Veil.Unseal(body)
	if err != nil {
		return nil, err
	}
	if n, err := s2.DecodedLen(packed); err != nil || n > largestSource {
		return nil, fmt.Errorf("it is %d bytes long: %w", n, s2.ErrTooLarge)
	}
	return s2.Decode(nil, packed)
}

var _ collectors.Memory = (*Keeper)(nil)
