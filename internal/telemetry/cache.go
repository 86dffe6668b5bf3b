package telemetry

import (
	"io"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/lostorder/lostorder/internal/watch"
)

// cache keeps the encoded bytes of one version of the snapshot in one format. A
// version is encoded once. Concurrent scrapes wait for it.
type cache struct {
	mu      sync.Mutex
	version uint64
	member  *member
}

// get returns the bytes of the present snapshot and the snapshot itself.
func (c *cache) get(e *Exporter, t expfmt.FormatType) (*member, *watch.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := e.snapshot()
	if c.member != nil && c.version == s.Version {
		return c.member, s, nil
	}
	c.member = nil // frees it before its successor is made
	v := newView(s, time.Time{}, e.shown())
	e.noteDuplicates(v)
	m, err := beginMember(func(w io.Writer) error { return writeKept(newWriter(t, w), v) })
	if err != nil {
		return nil, s, err
	}
	c.version, c.member = s.Version, m
	return m, s, nil
}

// writeKept writes the metrics that stay the same as long as the snapshot does.
func writeKept(w writer, v *view) error {
	for i := range groups {
		for j := range groups[i].Metrics {
			if m := &groups[i].Metrics[j]; m.each != nil && !m.live {
				if err := w.write(m, v); err != nil {
					return err
				}
			}
		}
	}
	return w.flush()
}

// writeLive writes the metrics that are made at each scrape.
func writeLive(w writer, v *view) error {
	for i := range groups {
		for j := range groups[i].Metrics {
			if m := &groups[i].Metrics[j]; m.each != nil && m.live {
				if err := w.write(m, v); err != nil {
					return err
				}
			}
		}
	}
	return w.flush()
}
