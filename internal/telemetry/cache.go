package telemetry

import (
	"bytes"
	"io"
	"slices"
	"sync"

	"github.com/prometheus/common/expfmt"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// cache keeps the encoded bytes of one version of the snapshot in one format, and of each of
// its units. A version is encoded once, and of it only the units that are new. Concurrent
// scrapes wait for it.
type cache struct {
	mu      sync.Mutex
	version uint64
	member  *member
	units   []*unit
	encoder encoder
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
	if c.encoder == nil {
		c.encoder = newEncoder(t)
	}
	if err := c.encodeUnits(s); err != nil {
		return nil, s, err
	}
	v := newSharedView(s, e.shown())
	for _, u := range c.units {
		v.duplicates += u.duplicates
		if u.duplicate != "" {
			v.duplicate = u.duplicate
		}
	}
	e.noteDuplicates(v)
	m, err := c.join(v)
	if err != nil {
		return nil, s, err
	}
	c.version, c.member = s.Version, m
	return m, s, nil
}

// encodeUnits keeps the units that are as before, and encodes the others.
func (c *cache) encodeUnits(s *watch.Snapshot) error {
	before := make(map[*signal.Report]*unit, len(c.units))
	for _, u := range c.units {
		before[u.readings[0]] = u
	}
	var missing []*unit
	c.units = nil
	for _, readings := range unitsOf(s.Targets) {
		u := before[readings[0]]
		if u == nil || !slices.Equal(u.readings, readings) {
			u = &unit{readings: readings}
			missing = append(missing, u)
		}
		c.units = append(c.units, u)
	}
	clear(before) // frees the others before their successors are made
	for _, u := range missing {
		if err := c.encodeUnit(u); err != nil {
			c.units = nil
			return err
		}
	}
	return nil
}

func (c *cache) encodeUnit(u *unit) error {
	v := newUnitView(u.readings)
	u.duplicates, u.duplicate = v.duplicates, v.duplicate
	var w pieceWriter
	for _, m := range keptMetrics() {
		if m.shared {
			continue
		}
		if err := c.encoder.encode(&w, m, v); err != nil {
			w.reset()
			return err
		}
		p, err := w.end()
		if err != nil {
			return err
		}
		u.pieces = append(u.pieces, p)
	}
	return nil
}

// join puts the families together: those of the units, and those of the whole snapshot.
func (c *cache) join(v *view) (*member, error) {
	var (
		j     joiner
		w     pieceWriter
		parts []*piece
		next  int // of the metrics that are made of units
	)
	defer w.reset()
	for _, m := range keptMetrics() {
		parts = parts[:0]
		if m.shared {
			if err := c.encoder.encode(&w, m, v); err != nil {
				return nil, err
			}
			p, err := w.end()
			if err != nil {
				return nil, err
			}
			parts = append(parts, &p)
		} else {
			for _, u := range c.units {
				parts = append(parts, &u.pieces[next])
			}
			next++
		}
		if err := c.addFamily(&j, m, parts); err != nil {
			return nil, err
		}
	}
	return j.end()
}

// addFamily adds a family, unless it has no series.
func (c *cache) addFamily(j *joiner, m *Metric, parts []*piece) error {
	size := 0
	for _, p := range parts {
		size += p.size
	}
	if size == 0 {
		return nil
	}
	head, err := c.encoder.head(m, size)
	if err != nil {
		return err
	}
	if err := j.write(head); err != nil {
		return err
	}
	for _, p := range parts {
		if err := j.add(p); err != nil {
			return err
		}
	}
	return nil
}

// keptMetrics are those that stay the same as long as the snapshot does.
var keptMetrics = sync.OnceValue(func() []*Metric { return metricsFrom(false) })

// liveMetrics are those that are made at each scrape.
var liveMetrics = sync.OnceValue(func() []*Metric { return metricsFrom(true) })

func metricsFrom(live bool) (list []*Metric) {
	for i := range groups {
		for j := range groups[i].Metrics {
			if m := &groups[i].Metrics[j]; m.each != nil && m.live == live {
				list = append(list, m)
			}
		}
	}
	return list
}

// writeLive writes the metrics that are made at each scrape.
func writeLive(out io.Writer, t expfmt.FormatType, v *view) error {
	x := newEncoder(t)
	var body bytes.Buffer
	for _, m := range liveMetrics() {
		body.Reset()
		if err := x.encode(&body, m, v); err != nil {
			return err
		}
		if body.Len() == 0 {
			continue
		}
		head, err := x.head(m, body.Len())
		if err != nil {
			return err
		}
		for _, part := range [][]byte{head, body.Bytes()} {
			if _, err := out.Write(part); err != nil {
				return err
			}
		}
	}
	return nil
}
