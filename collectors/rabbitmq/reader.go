package rabbitmq

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// Node counters and consumers are expensive for the broker and change rarely. They are
// read once a minute, or at every fourth reading if the interval is short.
const (
	longestSlowInterval = time.Minute
	readingsPerSlow     = 4
)

func (r *reader) slowInterval() time.Duration {
	return min(longestSlowInterval, readingsPerSlow*time.Duration(r.config.Interval))
}

// reader reads one cluster and keeps state between readings.
type reader struct {
	config Config
	client *client
	node   int // index of the url that answered last

	definedAt        time.Time     // when the definitions were read
	definedIn        time.Duration // how long that took
	changes          changes       // what shows that they changed
	definitionErrors missing       // what could not be read of them
	managementError  error         // why the management API never answered
	identity         string        // the name of the cluster
	release          release
	statistics       bool // the broker keeps statistics
	setups           map[key]setup
	visible          map[string]bool // virtual hosts with queues whose definitions were read
	hiddenVHosts     []string        // on which the user has no permissions, sorted
	unreadable       map[string]bool // virtual hosts with a dead letter queue that the user may not read
	routeSteps       int             // steps that following dead letters took
	deadLetterings   map[key]*deadLettering
	purposesStale    bool // what the queues are for has to be decided again

	nodes  []nodeState
	alarms []signal.Alarm

	deliveries    bool  // the prometheus plugin counts them per queue
	pluginError   error // why the prometheus plugin is not used
	nodeMetricsAt time.Time
	nodeErrors    missing // what could not be read of the node metrics
	losses        []signal.BrokerLoss
	unroutable    unroutable

	number          int // of this reading
	seenCount       int // queues in this reading
	consumersAt     time.Time
	unmatchedVHosts collectors.Unmatched
	unmatchedQueues collectors.Unmatched
	queues          map[key]*queue
	sorted          []*queue          // of the last reading; nil if the order is unknown
	places          map[string]*place // by raw labels
	placesSeen      int               // places in this reading
	mostQueues      int               // that are kept
	tooMany         bool              // this reading has more queues than lostorder keeps
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
		config: c, mostQueues: mostQueues, unroutable: unroutable{total: signal.Unknown}, queues: map[key]*queue{}, places: map[string]*place{}, visible: map[string]bool{}, unreadable: map[string]bool{},
		unmatchedVHosts: collectors.NewUnmatched(c.VHosts.Include), unmatchedQueues: collectors.NewUnmatched(c.Queues.Include),
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
	first, began := r.setups == nil, time.Now()
	if began.Sub(r.definedAt) >= r.definitionsValidFor() {
		r.define(ctx, began)
		if r.setups == nil && r.managementError == nil {
			r.definedAt = time.Time{}
			return r.definitionErrors.until(ctx)
		}
		r.pluginError = nil
	}
	var m missing
	if r.managementError == nil {
		r.readNodes(ctx, &m)
	}
	ok := r.counts(ctx, &m)
	if ctx.Err() != nil {
		return fmt.Errorf("read cluster: %w", ctx.Err())
	}
	if !ok && r.managementError != nil {
		r.definedAt = time.Time{} // the plugin is down too: try the management API at once when it is back
	}
	if ok {
		r.confirmDeleted(ctx, &m)
		r.seen()
		if first && r.setups != nil {
			r.noteUnreadable() // otherwise the warning comes with the next definitions only
		}
		r.defineEarly(ctx, began)
		if r.deliveries && r.pluginError == nil && r.managementError == nil {
			r.readDetails(ctx)
		}
		now := signal.InstantOf(time.Now())
		r.observeUse(now)
		r.sampleDeadLetters(ctx, &m)
		r.fill(report, now)
	}
	m.parts = append(m.parts, r.definitionErrors.parts...)
	return m.err()
}

// definitionsValidFor is how long the definitions are used before they are read again.
func (r *reader) definitionsValidFor() time.Duration {
	switch every := time.Duration(r.config.ConfigInterval); {
	case r.setups == nil && r.managementError == nil:
		return 0
	case r.managementError != nil:
		return min(every, time.Minute)
	default:
		return every
	}
}

// define reads the definitions.
func (r *reader) define(ctx context.Context, now time.Time) {
	r.definitionErrors = missing{}
	r.readDefinitions(ctx, &r.definitionErrors)
	r.definedAt, r.definedIn = now, time.Since(now)
}

// counts reads all queues from the cheapest source and reports whether one answered.
func (r *reader) counts(ctx context.Context, m *missing) bool {
	var own missing
	if r.managementError != nil {
		r.readNodeMetrics(ctx, &own) // sets the release
	}
	r.deliveries = r.release.countsDeliveries()
	if r.pluginError == nil && (r.deliveries || r.managementError != nil) {
		if running := len(r.nodes); running > len(r.config.prometheus()) {
			r.pluginError = fmt.Errorf("the cluster has %d nodes and prometheus_url has %d addresses; list one for each node", running, len(r.config.prometheus()))
		} else if r.scrapeInTime(ctx) {
			m.parts = append(m.parts, own.parts...)
			r.readNodeMetrics(ctx, m)
			return true
		}
	}
	switch {
	case ctx.Err() != nil:
		return false
	case r.managementError != nil:
		m.add("read queues", r.pluginError)
		return false
	case r.deliveries:
		r.losses = nil
	default:
		r.readNodeMetrics(ctx, m)
	}
	return r.list(ctx, m)
}

// scrapeInTime reads all queues from the prometheus plugins, and notes why it failed. A
// plugin that hangs leaves time for the management API.
func (r *reader) scrapeInTime(ctx context.Context) bool {
	within, cancel := context.WithTimeout(ctx, time.Duration(r.config.Timeout)/2)
	defer cancel()
	err := r.scrape(within)
	if ctx.Err() == nil {
		r.pluginError = err
	}
	return err == nil
}

// readNodeMetrics reads the node metrics at their own interval. An error remains until they
// are read again. Without a configured address the plugin is optional.
func (r *reader) readNodeMetrics(ctx context.Context, m *missing) {
	if time.Since(r.nodeMetricsAt) >= r.slowInterval() {
		r.nodeErrors = missing{}
		within, cancel := context.WithTimeout(ctx, time.Duration(r.config.Timeout)/2)
		defer cancel()
		r.readAllNodeMetrics(within, &r.nodeErrors)
		r.nodeMetricsAt = time.Now()
	}
	if len(r.nodeErrors.parts) > 0 && len(r.config.PrometheusURL) == 0 {
		r.pluginError = r.nodeErrors.err()
		return
	}
	m.parts = append(m.parts, r.nodeErrors.parts...)
}
