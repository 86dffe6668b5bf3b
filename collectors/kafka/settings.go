package kafka

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// settingsEvery is how often the settings of topics are read again.
	settingsEvery = 5 * time.Minute
	// settingsAgain is the pause after a failed request.
	settingsAgain = time.Minute
	// mostWaiting bounds the topics with messages that wait whose settings each reading reads: how
	// long these are kept decides whether they will be lost. More such topics take turns.
	mostWaiting = 100
)

// topicSettings are the settings of a topic.
type topicSettings struct {
	at     signal.Instant // when they were read
	id     sarama.Uuid    // of the topic
	setup  *signal.Setup  // nil when not known
	denied bool
}

// readSettings reads how long topics keep messages, in one request to any broker: of all
// topics on its own interval, and of those with messages that wait at each reading. Without an
// answer the last settings stay.
func (r *reading) readSettings() {
	if r.history.settingsFailed.Known() && r.now.Sub(r.history.settingsFailed) < settingsAgain {
		return
	}
	request := &sarama.DescribeConfigsRequest{Version: client.Pick(r.cluster.Version(), client.Step{Since: sarama.V2_0_0_0, Version: 2}, client.Step{Since: sarama.V1_1_0_0, Version: 1})}
	waiting, early := r.waiting(), 0
	turn := time.Duration(len(waiting)/mostWaiting) * time.Duration(r.config.Interval)
	for i := range r.topics {
		t := &r.topics[i]
		if t.past == nil || t.deleted {
			continue
		}
		if s := &t.past.settings; s.at.Known() && s.id == t.id && r.now.Sub(s.at) < settingsEvery {
			if s.setup == nil || !waiting[int32(i)] || early == mostWaiting || r.now.Sub(s.at) < turn {
				continue
			}
			early++
		}
		request.Resources = append(request.Resources, &sarama.ConfigResource{
			Type: sarama.TopicResource, Name: t.name, ConfigNames: []string{"cleanup.policy", "retention.ms", "retention.bytes"},
		})
	}
	if len(request.Resources) == 0 || !r.cluster.Version().IsAtLeast(sarama.V0_11_0_0) {
		return
	}
	answer, err := client.Ask(r.ctx, r.cluster.Contacts()[0], func(b *sarama.Broker) (*sarama.DescribeConfigsResponse, error) {
		return b.DescribeConfigs(request)
	})
	if err != nil {
		r.history.settingsFailed = r.now // the reading is complete without them
		return
	}
	for _, described := range answer.Resources {
		_, t := r.topicAt(described.Name)
		if t == nil {
			continue
		}
		s := topicSettings{at: r.now, id: t.id}
		switch err := sarama.KError(described.ErrorCode); {
		case err == sarama.ErrNoError:
			s.setup = setupOf(described.Configs)
		case errors.Is(err, sarama.ErrTopicAuthorizationFailed):
			s.denied = true
		}
		t.past.settings = s
	}
}

// waiting returns the topics with messages that wait for a group, or in a dead letter queue.
func (r *reading) waiting() map[int32]bool {
	list := map[int32]bool{}
	for i := range r.queues {
		q := &r.queues[i]
		if list[q.topic] {
			continue
		}
		for _, p := range r.partsOf(q) {
			if p.Lag() > 0 || p.Uncommitted() > 0 {
				list[q.topic] = true
				break
			}
		}
	}
	for i := range r.topics {
		t := &r.topics[i]
		for p := range t.end {
			if t.dlq != nil && t.end[p] > t.start[p] {
				list[int32(i)] = true
				break
			}
		}
	}
	return list
}

// setupOf converts the settings of one topic.
func setupOf(configs []*sarama.ConfigEntry) *signal.Setup {
	setup := signal.NewSetup()
	s := &setup
	s.DropsHead = true
	values := map[string]string{}
	for _, c := range configs {
		values[c.Name] = c.Value
	}
	s.Type = values["cleanup.policy"]
	if !strings.Contains(s.Type, "delete") {
		return s // a compacted topic keeps the latest message of each key forever
	}
	if ms, err := strconv.ParseInt(values["retention.ms"], 10, 64); err == nil && ms > 0 && ms < math.MaxInt64/int64(time.Millisecond) {
		s.Retention = time.Duration(ms) * time.Millisecond
	}
	if bytes, err := strconv.ParseInt(values["retention.bytes"], 10, 64); err == nil && bytes > 0 {
		s.MaxBytes = signal.Count(bytes)
	}
	return s
}

// settingsDenied lists the topics with settings that may not be read.
func (r *reading) settingsDenied() (names []string) {
	for i := range r.topics {
		if t := &r.topics[i]; t.past != nil && t.past.settings.denied {
			names = append(names, t.name)
		}
	}
	return names
}
