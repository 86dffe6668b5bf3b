package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// lossesEvery is how often the counters of the whole node are read: to answer, it
// adds up all that it knows of each queue.
const lossesEvery = time.Minute

// newSoon is how long a new queue may wait for its definition to be read.
const newSoon = 30 * time.Second

// reader reads one cluster; it keeps what it learned from one reading to the next.
type reader struct {
	config Config
	client *client
	node   int // of the urls, the one that answered last

	defined    time.Time // when the slow clock's part was read
	trouble    missing   // of the slow clock's part
	version    string
	statistics bool
	nodes      []nodeState
	setups     map[key]setup

	plugin   bool  // the prometheus plugins cover the cluster and count deliveries
	pluginIs error // why not, for people
	lossesAt time.Time
	losses   []signal.BrokerLoss

	consumersAt time.Time
	past        map[key]past
}

// past is what is remembered of a queue to tell for how long its head has waited.
type past struct {
	consumers signal.Count
	processed signal.Count
	left      signal.Count   // published and no longer there, however it went
	since     signal.Instant // nothing was taken off, and something waited
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
	return &reader{config: c, past: map[key]past{}}
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
	if now := time.Now(); r.setups == nil || now.Sub(r.defined) >= time.Duration(r.config.ConfigInterval) {
		r.trouble = missing{}
		r.define(ctx, &r.trouble)
		if r.setups == nil {
			return errors.Join(r.trouble.err(), ctx.Err())
		}
		r.defined = now
		r.choose()
	}
	var m missing
	var state []nodeState
	if err := r.ask(ctx, "/api/nodes?columns=name,running,mem_alarm,disk_free_alarm", &state); err != nil {
		m.add("read nodes", err)
	} else {
		r.nodes = state
	}
	queues, ok := r.counts(ctx, &m)
	if ctx.Err() != nil {
		return fmt.Errorf("read cluster: %w", ctx.Err())
	}
	if !ok {
		return m.err()
	}
	r.look(queues)
	r.fill(report, queues, signal.InstantOf(time.Now()))
	m.parts = append(m.parts, r.trouble.parts...)
	return m.err()
}

// look sees to it that a queue that was declared a moment ago is known soon.
func (r *reader) look(queues map[key]*counts) {
	if time.Since(r.defined) < newSoon {
		return
	}
	for k := range queues {
		if _, known := r.setups[k]; !known {
			r.defined = time.Time{}
			return
		}
	}
}

// choose decides from where the queues are read until the next look at the slow
// clock's part.
func (r *reader) choose() {
	r.plugin, r.pluginIs = true, nil
	if major, _, _ := strings.Cut(r.version, "."); major == "3" {
		r.plugin = false // it counts no deliveries per queue, and says nothing of quorum queues in time
	}
}

// counts reads all queues where it is cheapest, and says whether there is anything.
func (r *reader) counts(ctx context.Context, m *missing) (map[key]*counts, bool) {
	if r.plugin && r.pluginIs == nil {
		if running := len(r.nodes); running > len(r.config.prometheus()) {
			r.pluginIs = fmt.Errorf("there are %d nodes and %d prometheus_url; name one for each", running, len(r.config.prometheus()))
		}
	}
	if r.plugin && r.pluginIs == nil {
		// A plugin that hangs leaves time for the management API.
		within, cancel := context.WithTimeout(ctx, time.Duration(r.config.Timeout)/2)
		queues, err := r.scrape(within)
		cancel()
		if err == nil {
			r.scrapeLosses(ctx, m)
			return queues, true
		}
		if ctx.Err() != nil {
			return nil, false
		}
		r.pluginIs = err
	}
	if !r.plugin {
		r.scrapeLosses(ctx, m)
	} else {
		r.losses = nil
	}
	return r.list(ctx, m)
}

// scrapeLosses reads the losses on their own clock. Where nobody named the
// plugin's address it need not be there.
func (r *reader) scrapeLosses(ctx context.Context, m *missing) {
	if time.Since(r.lossesAt) < lossesEvery {
		return
	}
	var own missing
	within, cancel := context.WithTimeout(ctx, time.Duration(r.config.Timeout)/2)
	defer cancel()
	r.readLosses(within, &own)
	r.lossesAt = time.Now()
	if len(own.parts) > 0 && len(r.config.PrometheusURL) == 0 {
		r.pluginIs = own.err()
		return
	}
	m.parts = append(m.parts, own.parts...)
}
