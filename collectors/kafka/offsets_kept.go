package kafka

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

// offsetsRetention is the setting of brokers for how long they keep the offsets of groups
// without members.
const offsetsRetention = "offsets.retention.minutes"

// offsetsKept is how long brokers keep the offsets of a group without members, and since when
// groups have none.
type offsetsKept struct {
	at     signal.Instant // when the setting was read
	kept   time.Duration  // 0: unknown
	denied bool
	empty  map[string]signal.Instant // the first reading in which a group had no members
}

// readOffsetsKept reads the setting, on its own interval.
func (r *reading) readOffsetsKept(k *offsetsKept) {
	contacts := r.cluster.Contacts()
	if k.at.Known() && r.now.Sub(k.at) < settingsEvery || len(contacts) == 0 || contacts[0].ID < 0 || !r.cluster.Version().IsAtLeast(sarama.V1_1_0_0) {
		return
	}
	request := &sarama.DescribeConfigsRequest{
		Version: client.Pick(r.cluster.Version(), client.Step{Since: sarama.V2_0_0_0, Version: 2}, client.Step{Since: sarama.V1_1_0_0, Version: 1}),
		// A broker describes only its own settings.
		Resources: []*sarama.ConfigResource{{Type: sarama.BrokerResource, Name: strconv.Itoa(int(contacts[0].ID)), ConfigNames: []string{offsetsRetention}}},
	}
	answer, err := client.Ask(r.ctx, contacts[0], func(b *sarama.Broker) (*sarama.DescribeConfigsResponse, error) {
		return b.DescribeConfigs(request)
	})
	if err != nil {
		return // the next reading asks again
	}
	k.at, k.kept, k.denied = r.now, 0, false
	for _, one := range answer.Resources {
		k.denied = k.denied || errors.Is(sarama.KError(one.ErrorCode), sarama.ErrClusterAuthorizationFailed)
		for _, c := range one.Configs {
			if minutes, err := strconv.ParseInt(c.Value, 10, 64); err == nil && c.Name == offsetsRetention && minutes > 0 && minutes < math.MaxInt64/int64(time.Minute) {
				k.kept = time.Duration(minutes) * time.Minute
			}
		}
	}
}

// expireOffsets notes until when the offsets of groups without members are kept at most. Those
// of classic groups expire that long after the last member left, and those of newer ones after
// they were committed, which is earlier.
func (r *reading) expireOffsets(o *offsetsTopic) {
	k := &o.kept
	r.readOffsetsKept(k)
	if k.denied {
		r.offsetsTopicWarnings = append(r.offsetsTopicWarnings, "commits.topic: not authorized to read "+offsetsRetention+": message_expiring cannot tell when offsets expire; "+r.config.offsetsKeptGrant())
	}
	before := k.empty
	k.empty = map[string]signal.Instant{}
	for _, groups := range r.groups {
		for _, g := range groups {
			if g.state != stateEmpty || g.simple() || g.kind == typeShare {
				continue
			}
			since, seen := before[g.name]
			if !seen {
				since = r.now
			}
			if exact := o.follower.EmptySince(g.name); exact > 0 {
				since = min(since, signal.Instant(exact))
			}
			k.empty[g.name] = since
		}
	}
	for i := range r.queues {
		q := &r.queues[i]
		if since, ok := k.empty[q.group.name]; ok && k.kept > 0 {
			q.positionUntil, q.positionKept = since.Add(k.kept), k.kept
		}
	}
}

// offsetsKeptGrant is what allows lostorder to read the setting.
func (c *Config) offsetsKeptGrant() string {
	who := c.principal()
	if who == "" {
		return "grant DESCRIBE_CONFIGS on the cluster"
	}
	return acl(c.Brokers[0], who, "--operation DescribeConfigs") + " --cluster"
}
