package telemetry

import (
	"bytes"
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"

	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/signal"
	memory "github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/watch"
)

// Options configure an Exporter.
type Options struct {
	// Snapshot returns the current snapshot, or nil before the first one. It must not
	// block. Two snapshots of the same Version must be equal, because the bytes of a
	// version are kept.
	Snapshot func() *watch.Snapshot
	Now      func() time.Time // time.Now when nil
	Log      *slog.Logger     // slog.Default() when nil
	// State returns how the memory does; nil, or a nil Health: there is none.
	State func() *memory.Health
	// Notifications returns how the deliveries to each webhook do; nil: there are none.
	Notifications func() []notify.Health
	// Ownership returns what this replica reads; nil, or a nil Ownership: everything.
	Ownership func() *Ownership
	// KafkaRequests returns how many requests went to Kafka brokers, by API; nil: none.
	KafkaRequests func() map[string]uint64
	// ExternalURL is the address of the status page for browsers, "" if unknown.
	ExternalURL string
}

// Exporter makes metrics of snapshots. It is a [prometheus.Gatherer].
type Exporter struct {
	source   func() *watch.Snapshot
	memory   func() *memory.Health
	notified func() []notify.Health
	owned    func() *Ownership
	requests func() map[string]uint64
	now      func() time.Time
	log      *slog.Logger
	external string
	orderIDs atomic.Bool
	own      own

	text, openMetrics, protobuf cache

	mu        sync.Mutex
	duplicate string                                   // the last that was logged
	dwelling  map[signal.TargetID]map[lifecycleID]bool // whose histograms are kept
	passes    map[signal.TargetID]map[string]int64     // completed by each check
}

// New returns an Exporter.
func New(o Options) *Exporter {
	e := &Exporter{source: o.Snapshot, memory: o.State, notified: o.Notifications, owned: o.Ownership, requests: o.KafkaRequests, now: o.Now, log: o.Log, external: o.ExternalURL, own: newOwn(), dwelling: map[signal.TargetID]map[lifecycleID]bool{}, passes: map[signal.TargetID]map[string]int64{}}
	if e.now == nil {
		e.now = time.Now
	}
	if e.log == nil {
		e.log = slog.Default()
	}
	if e.memory == nil {
		e.memory = func() *memory.Health { return nil }
	}
	if e.owned == nil {
		e.owned = func() *Ownership { return nil }
	}
	if e.requests == nil {
		e.requests = func() map[string]uint64 { return nil }
	}
	if e.notified == nil {
		e.notified = func() []notify.Health { return nil }
	}
	return e
}

// ShowOrderIDs switches order ids in lostorder_finding_info on or off, from the next
// reading on.
func (e *Exporter) ShowOrderIDs(show bool) { e.orderIDs.Store(show) }

func (e *Exporter) shown() shown { return shown{external: e.external, orderIDs: e.orderIDs.Load()} }

// Registerer registers metrics of this process that are not in the list, such as
// those of libraries. A scrape omits them if the list has their name.
func (e *Exporter) Registerer() prometheus.Registerer { return e.own.registry }

func (e *Exporter) snapshot() *watch.Snapshot {
	if s := e.source(); s != nil {
		return s
	}
	return &watch.Snapshot{}
}

// Gather returns all families, in order of their names. It makes them at each call.
// Scrapes do not use it.
func (e *Exporter) Gather() ([]*dto.MetricFamily, error) {
	v := newView(e.snapshot(), e.now(), e.shown())
	v.memory, v.notifications, v.ownership, v.kafkaRequests = e.memory(), e.notified(), e.owned(), e.requests()
	families, err := e.gatherOwn()
	var out block
	for _, m := range Metrics() {
		if m.each == nil {
			continue
		}
		family := m.family(nil)
		out.flush = func(_ *Metric, piece []*dto.Metric) error {
			for _, series := range piece {
				family.Metric = append(family.Metric, proto.Clone(series).(*dto.Metric))
			}
			return nil
		}
		if err := out.encode(&m, v); err != nil {
			return nil, err
		}
		if len(family.Metric) > 0 {
			families = append(families, family)
		}
	}
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return families, err
}

// gatherOwn returns the families of the registry, without those whose name
// belongs to a metric that is made from the snapshot. What could be gathered is
// returned beside the error.
func (e *Exporter) gatherOwn() ([]*dto.MetricFamily, error) {
	families, err := e.own.registry.Gather()
	taken := map[string]bool{}
	for _, m := range Metrics() {
		taken[m.Name] = m.each != nil
	}
	return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool { return taken[f.GetName()] }), err
}

// live returns the part of a scrape that is made at each scrape.
func (e *Exporter) live(format expfmt.Format, s *watch.Snapshot) ([]byte, error) {
	families, err := e.gatherOwn()
	if err != nil {
		e.log.Warn("gather own metrics", "err", err)
	}
	var out bytes.Buffer
	v := &view{Snapshot: s, now: e.now(), labels: newLabelSet(), memory: e.memory(), notifications: e.notified(), ownership: e.owned(), kafkaRequests: e.requests()}
	if err := writeLive(&out, format.FormatType(), v); err != nil {
		return nil, err
	}
	if format.FormatType() == expfmt.TypeOpenMetrics {
		unclash(families)
	}
	encoder := expfmt.NewEncoder(&out, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return nil, err
		}
	}
	if closer, ok := encoder.(expfmt.Closer); ok { // writes "# EOF" in OpenMetrics
		if err := closer.Close(); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// noteDuplicates logs that a subject is reported twice, once per subject and not
// once per scrape.
func (e *Exporter) noteDuplicates(v *view) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if v.duplicate != e.duplicate {
		if v.duplicate != "" {
			e.log.Warn("drop readings of what another target reports too", "subjects", v.duplicates, "one_of_them", v.duplicate)
		}
		e.duplicate = v.duplicate
	}
}
