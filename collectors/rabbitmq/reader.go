package rabbitmq

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// A minute is how often that is read which is dear and seldom changes: the counters of
// a whole node, for which it adds up all that it knows of each queue, and consumers.
// Readings that are close together read it every fourth time.
const (
	atMostEvery = time.Minute
	everyFourth = 4
)

func (r *reader) seldom() time.Duration {
	return min(atMostEvery, everyFourth*time.Duration(r.config.Interval))
}

// newSoon is how long a new queue may wait for its definition to be read.
const newSoon = 30 * time.Second

// reader reads one cluster; it keeps what it learned from one reading to the next.
type reader struct {
	config Config
	client *client
	node   int // of the urls, the one that answered last

	defined    time.Time // when the slow clock's part was read
	trouble    missing   // of the slow clock's part
	unmanaged  error     // the management API was never there, and why
	release    release
	statistics bool
	setups     map[key]setup
	visible    map[string]bool // virtual hosts with queues whose definitions were read
	routeSteps int             // what following dead letters took

	deadLetterings map[key]*deadLettering

	nodes  []nodeState
	alarms []signal.Alarm

	deliveries  bool  // the prometheus plugin counts them per queue
	pluginIs    error // why it is not used, for people
	lossesAt    time.Time
	losses      []signal.BrokerLoss
	lossTrouble missing // what could not be read of them

	round       int // of readings
	met         int // queues in this one
	consumersAt time.Time
	lostVHosts  collectors.Unmatched
	lostQueues  collectors.Unmatched
	queues      map[key]*queue
	sorted      []*queue          // of the last reading; nil where the order is not known
	places      map[string]*place // by labels, as the plugin writes them
	placesMet   int               // places in this reading
}

// NewReader returns a reader of one cluster. It connects at the first reading.
func NewReader(c Config) collectors.Reader {
	for _, list := range []*[]string{&c.URL, &c.PrometheusURL} {
		trimmed := make([]string, len(*list))
		for i, text := range *list {
			trimmed[i] = strings.TrimRight(text, "/")
		}
		*list = trimmed
	}
	return &reader{
		config: c, queues: map[key]*queue{}, places: map[string]*place{}, visible: map[string]bool{},
		lostVHosts: collectors.NewUnmatched(c.VHosts.Include), lostQueues: collectors.NewUnmatched(c.Queues.Include),
	}
}

// Close ends the connections.
func (r *reader) Close() error {
	if r.client != nil {
		r.client.http.CloseIdleConnections()
	}
	return nil
}

// Read takes one reading of the cluster.
func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	if r.client == nil {
		c, err := newClient(&r.config)
		if err != nil {
			return err
		}
		r.client = c
	}
	first := r.setups == nil
	if now := time.Now(); now.Sub(r.defined) >= r.definedFor() {
		r.trouble = missing{}
		r.define(ctx, &r.trouble)
		if r.setups == nil && r.unmanaged == nil {
			return r.trouble.until(ctx)
		}
		r.defined, r.pluginIs = now, nil
	}
	var m missing
	if r.unmanaged == nil {
		r.readNodes(ctx, &m)
	}
	ok := r.counts(ctx, &m)
	if ctx.Err() != nil {
		return fmt.Errorf("read cluster: %w", ctx.Err())
	}
	if !ok && r.unmanaged != nil {
		r.defined = time.Time{} // it is not only the management API: ask for it at once when the rest is back
	}
	m.parts = append(m.parts, r.trouble.parts...)
	if ok {
		r.seen()
		if first && r.setups != nil {
			r.hide() // else it would be told at the next definitions only
		}
		r.look()
		r.peekAtDeadLetters(ctx, &m)
		r.fill(report, signal.InstantOf(time.Now()))
	}
	return m.err()
}

// definedFor is for how long the slow clock's part holds.
func (r *reader) definedFor() time.Duration {
	switch every := time.Duration(r.config.ConfigInterval); {
	case r.setups == nil && r.unmanaged == nil:
		return 0
	case r.unmanaged != nil:
		return min(every, time.Minute)
	default:
		return every
	}
}

// look sees to it that a queue that was declared a moment ago is known soon.
func (r *reader) look() {
	if r.unmanaged != nil || time.Since(r.defined) < newSoon {
		return
	}
	for _, q := range r.sorted {
		if _, known := r.setups[q.key]; !known && !q.hidden {
			r.defined = time.Time{}
			return
		}
	}
}

// counts reads all queues where it is cheapest, and says whether there is anything.
func (r *reader) counts(ctx context.Context, m *missing) bool {
	var own missing
	if r.unmanaged != nil {
		r.scrapeLosses(ctx, &own) // which says what release it is
	}
	r.deliveries = r.release.countsDeliveries()
	if r.pluginIs == nil && (r.deliveries || r.unmanaged != nil) {
		if running := len(r.nodes); running > len(r.config.prometheus()) {
			r.pluginIs = fmt.Errorf("there are %d nodes and %d prometheus_url; name one for each", running, len(r.config.prometheus()))
		} else if r.scrapeInTime(ctx) {
			m.parts = append(m.parts, own.parts...)
			r.scrapeLosses(ctx, m)
			if r.unmanaged == nil {
				r.askBehind(ctx)
			}
			return true
		}
	}
	switch {
	case ctx.Err() != nil:
		return false
	case r.unmanaged != nil:
		m.add("read queues", r.pluginIs)
		return false
	case r.deliveries:
		r.losses = nil
	default:
		r.scrapeLosses(ctx, m)
	}
	return r.list(ctx, m)
}

// scrapeInTime reads all queues from the prometheus plugins, and notes why it could
// not. A plugin that hangs leaves time for the management API.
func (r *reader) scrapeInTime(ctx context.Context) bool {
	within, cancel := context.WithTimeout(ctx, time.Duration(r.config.Timeout)/2)
	defer cancel()
	err := r.scrape(within)
	if ctx.Err() == nil {
		r.pluginIs = err
	}
	return err == nil
}

// scrapeLosses reads the losses on their own clock; what is missing of them is missing
// until they are read again. Where nobody named the plugin's address it need not be there.
func (r *reader) scrapeLosses(ctx context.Context, m *missing) {
	if time.Since(r.lossesAt) >= r.seldom() {
		r.lossTrouble = missing{}
		within, cancel := context.WithTimeout(ctx, time.Duration(r.config.Timeout)/2)
		defer cancel()
		r.readLosses(within, &r.lossTrouble)
		r.lossesAt = time.Now()
	}
	if len(r.lossTrouble.parts) > 0 && len(r.config.PrometheusURL) == 0 {
		r.pluginIs = r.lossTrouble.err()
		return
	}
	m.parts = append(m.parts, r.lossTrouble.parts...)
}
