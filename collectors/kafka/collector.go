// Package kafka watches Kafka clusters: what waits in each topic for each consumer group,
// the members that consume it, and what arrives in dead letter queues. It only reads. It
// never joins a group, commits an offset, produces a message or creates a topic.
package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

// reader reads one cluster. It keeps connections and history between readings.
type reader struct {
	config  Config
	cluster *client.Cluster
	history *history
}

// NewReader returns a reader of one cluster. It connects at the first reading.
func NewReader(c Config) collectors.Reader {
	return &reader{
		config:  c,
		cluster: client.New(client.Config{Brokers: c.Brokers, Version: c.Version, Timeout: time.Duration(c.Timeout), TLS: c.TLS, SASL: c.SASL}),
		history: newHistory(),
	}
}

// Requests returns how many requests this process has sent to Kafka brokers, by API.
func Requests() map[string]uint64 { return client.Requests() }

// Close ends the connections.
func (r *reader) Close() error {
	r.cluster.Close()
	return nil
}

// Read takes one reading of the cluster.
func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	one, end := r.begin(ctx)
	defer end()
	err := one.run()
	if ctx.Err() != nil {
		// Every connection was cut; a part of a reading shows nothing.
		throttled := one.throttledWarnings()
		r.cluster.Close()
		if len(throttled) > 0 {
			return fmt.Errorf("read cluster: %w; %s", ctx.Err(), throttled[0])
		}
		return fmt.Errorf("read cluster: %w", ctx.Err())
	}
	if err != nil {
		return err
	}
	one.fill(report)
	report.Remedies = append(report.Remedies, one.remedies()...)
	one.keepDescriptions()
	r.history.end(one.now)
	return one.missing.Err()
}

// begin begins a reading. Its connections are cut when ctx ends, until end is called.
func (r *reader) begin(ctx context.Context) (one *reading, end func()) {
	end = r.cluster.Tie(ctx)
	r.cluster.Begin()
	r.history.begin()
	return &reading{
		ctx: ctx, config: &r.config, cluster: r.cluster, history: r.history,
		// Slightly more than in the last reading.
		parts:           make([]signal.Partition, 0, r.history.parts+r.history.parts/32+64),
		unmatchedTopics: collectors.NewUnmatched(r.config.Topics.Include), unmatchedGroups: collectors.NewUnmatched(r.config.Groups.Include),
	}, end
}

// reading is one reading in progress.
type reading struct {
	ctx     context.Context //nolint:containedctx // it lives as long as the reading
	config  *Config
	cluster *client.Cluster
	history *history
	missing collectors.Missing

	identity string  // the cluster's id; empty before Kafka 0.10.1
	topics   []topic // by name
	byName   map[string]int32
	byID     map[sarama.Uuid]int32

	deadLettered deadLettered

	mu         sync.Mutex // guards the rest while brokers are asked concurrently
	queues     []queue
	parts      []signal.Partition // of all queues, one block
	leaderless map[topicPartition]struct{}
	unlisted   map[string]string  // topics that a member reads and that are not listed; one of the groups
	groups     map[int32][]*group // by their coordinator
	share      []string           // share groups that cannot be read
	streams    []string           // streams groups whose members cannot be read

	transactions map[heldPartition]*transaction

	beyondEnd, leftOver, openTransactions, offsetsTopicWarnings []string // warnings

	hiddenTopics []string // that this user may not describe

	unmatchedTopics, unmatchedGroups collectors.Unmatched
	groupsUnknown                    bool // a broker did not list its groups
	anyGroup                         bool // there is at least one, watched or not

	now signal.Instant // when the ends of the logs were read
}

// run sends the requests in the order that makes the answers consistent.
//
// It reads the start of a log before the commits: a commit below the start was below it
// when it was read. It reads the end after the commits, so that lag is never negative
// and never understated. Each step waits for all brokers, because the coordinator of a
// group need not be the leader of the partition.
func (r *reading) run() error {
	if err := r.readPositions(); err != nil {
		return err
	}
	for _, step := range []func(){r.observe, r.closeQueues, r.followOffsetsTopic, r.decidePurposes, r.findUnpaired, r.measureAges, r.sampleHeads, r.readDeadLetters, r.readSettings, r.reportLeaderless} {
		if r.ctx.Err() != nil {
			break // with 100,000 topics each step takes a while
		}
		step()
	}
	return r.ctx.Err()
}

// readPositions reads where each log begins and ends, and what groups have committed.
func (r *reading) readPositions() error {
	if err := r.readTopics(); err != nil {
		return err
	}
	r.cluster.Each(func(n *client.Node) {
		r.readOffsets(n, atStart, func(t *topic, p int32) *int64 { return &t.start[p] })
		r.keepGroups(n, r.readGroups(n))
	})
	r.keepCoordinators()
	r.findHidden()
	r.findDeleted(func(t *topic) []int64 { return t.start })
	r.cluster.Each(func(n *client.Node) {
		_, others := r.shareGroups(n)
		r.readCommits(n, others)
	})
	r.readShares()
	r.cluster.Each(func(n *client.Node) {
		r.readOffsets(n, atEnd, func(t *topic, p int32) *int64 { return &t.end[p] })
	})
	r.findDeleted(func(t *topic) []int64 { return t.end })
	r.now = signal.InstantOf(time.Now())
	return nil
}
