package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// keyPrivacy is the key of the record that says how the file names orders.
const keyPrivacy = "privacy"

// targetRecord is a target as it is written.
type targetRecord struct {
	Identity string    `json:"identity,omitempty"`
	At       time.Time `json:"at,omitzero"` // of its last reading
	Seen     time.Time `json:"seen"`        // when it was last in the config
}

// contents are the records, decoded.
type contents struct {
	privacy string
	targets map[signal.TargetID]targetRecord
	parts   map[signal.TargetID]map[string][]byte // of what the decisions remember
	sources map[signal.TargetID][]byte            // what their readers remember
	open    []detect.OpenFinding
	closed  []signal.Finding
	damaged int
}

func decode(records []record) (c contents) {
	c.targets, c.parts, c.sources = map[signal.TargetID]targetRecord{}, map[signal.TargetID]map[string][]byte{}, map[signal.TargetID][]byte{}
	for _, r := range records {
		switch r.kind {
		case kindMeta:
			if r.key == keyPrivacy {
				c.privacy = string(r.body)
			}
		case kindTarget:
			var t targetRecord
			if json.Unmarshal(r.body, &t) != nil {
				c.damaged++
				continue
			}
			c.targets[signal.ParseTargetID(r.key)] = t
		case kindOpen, kindClosed:
			o, err := decodeFinding(r.body)
			switch {
			case err != nil:
				c.damaged++
			case r.kind == kindOpen:
				c.open = append(c.open, o)
			default:
				c.closed = append(c.closed, o.Finding)
			}
		case kindSource:
			c.sources[signal.ParseTargetID(r.key)] = r.body
		case kindPart:
			id, part := partOf(r.key)
			if c.parts[id] == nil {
				c.parts[id] = map[string][]byte{}
			}
			c.parts[id][part] = r.body
		}
	}
	slices.SortStableFunc(c.closed, func(a, b signal.Finding) int { return b.ClosedAt.Compare(a.ClosedAt) })
	return c
}

// partKey is the key of a part of what the decisions remember of a target.
func partKey(id signal.TargetID, part string) recordID {
	return recordID{kindPart, id.String() + "\x00" + part}
}

func partOf(key string) (id signal.TargetID, part string) {
	target, part, _ := strings.Cut(key, "\x00")
	return signal.ParseTargetID(target), part
}

// detected is what the decisions remembered of a target; nil if there is nothing.
func (c *contents) detected(id signal.TargetID) (*detect.Memory, error) {
	if len(c.parts[id]) == 0 {
		return nil, nil
	}
	return detect.MemoryOf(c.parts[id])
}

// update is what a source remembers, on the way to the file.
type update struct {
	watch.Memory
	parts   []record                 // of the targets that were read since the last update, and of their readers
	same    []recordID               // those that the file holds already
	encoded map[signal.TargetID]bool // those targets
	err     error                    // that kept one from being encoded
}

// remember takes what a source remembers. Of what is written already it keeps no copy.
func remember(source Source, all bool, w written) (u update, announce func()) {
	u.encoded = map[signal.TargetID]bool{}
	u.Memory, announce = source.Remember(all, func(m *detect.Memory) {
		u.encoded[m.Target] = true
		u.err = errors.Join(u.err, m.Parts(func(part string, body []byte) {
			if r := (record{partKey(m.Target, part), body}); w.holds(r) {
				u.same = append(u.same, r.recordID)
			} else {
				u.parts = append(u.parts, r)
			}
		}))
	})
	return u, announce
}

func closedKey(f *signal.Finding) string { return fmt.Sprintf("%d/%s", f.ClosedAt.UnixMilli(), f.ID) }

var seed = maphash.MakeSeed()

// written knows what the file holds: the hash of each record.
type written map[recordID]uint64

func (w written) hash(r record) uint64 { return maphash.Bytes(seed, r.body) }

// holds reports whether the file has a record as it is.
func (w written) holds(r record) bool {
	sum, known := w[r.recordID]
	return known && sum == w.hash(r)
}

// difference is what must be written so that the file holds the memory. keep says which
// records stay though the memory does not have them.
func (w written) difference(m *update, privacy string, keep func(recordID) bool) (put []record, remove []recordID, err error) {
	wanted := map[recordID]bool{}
	add := func(r record) {
		wanted[r.recordID] = true
		if !w.holds(r) {
			put = append(put, r)
		}
	}
	add(record{recordID{kindMeta, keyPrivacy}, []byte(privacy)})
	for _, t := range m.Targets {
		// When it was last in the config is known to the hour: it must not cause a write by itself.
		body, err := json.Marshal(targetRecord{Identity: t.Identity, At: t.At.UTC(), Seen: m.At.UTC().Truncate(time.Hour)})
		if err != nil {
			return nil, nil, err
		}
		add(record{recordID{kindTarget, t.ID.String()}, body})
	}
	for _, part := range m.parts {
		add(part)
	}
	for _, id := range m.same {
		wanted[id] = true
	}
	for i := range m.Open {
		body, err := encodeFinding(&m.Open[i])
		if err != nil {
			return nil, nil, err
		}
		add(record{recordID{kindOpen, m.Open[i].Finding.ID}, body})
	}
	for i := range m.Closed {
		id := recordID{kindClosed, closedKey(&m.Closed[i])}
		wanted[id] = true
		if _, known := w[id]; known {
			continue // it never changes
		}
		body, err := encodeFinding(&detect.OpenFinding{Finding: m.Closed[i]})
		if err != nil {
			return nil, nil, err
		}
		add(record{id, body})
	}
	for id := range w {
		if !wanted[id] && !keep(id) {
			remove = append(remove, id)
		}
	}
	return put, remove, nil
}

// apply notes that the difference was written.
func (w written) apply(put []record, remove []recordID) {
	for _, r := range put {
		w[r.recordID] = w.hash(r)
	}
	for _, id := range remove {
		delete(w, id)
	}
}
