//go:build integration

package e2e_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// pace is how a member processes a partition.
type pace struct {
	hangs bool          // it holds the message that it has
	keeps bool          // it works on and commits nothing
	slow  time.Duration // that long for a message
}

// member is one consumer of a group. It processes messages one at a time and commits after
// each. Its methods break it.
type member struct {
	t      *testing.T
	group  string
	client sarama.ConsumerGroup
	cancel context.CancelFunc
	ended  chan struct{}
	left   sync.Once

	mu      sync.Mutex
	paces   map[int32]pace // -1: of all others
	changed chan struct{}
	session sarama.ConsumerGroupSession
	owned   int
}

// join starts a member and waits until it has partitions.
func (b *broker) join(group, topic string, p pace) *member {
	b.t.Helper()
	m := b.joining(group, topic, p)
	eventually(b.t, "a member of "+group+" has partitions", func() (bool, string) {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.owned > 0, "none yet"
	})
	return m
}

// joining is join for a member that may get no partitions.
func (b *broker) joining(group, topic string, p pace, but ...func(*sarama.Config)) *member {
	b.t.Helper()
	config := clientConfig()
	for _, change := range but {
		change(config)
	}
	client, err := sarama.NewConsumerGroup([]string{b.addr}, group, config)
	if err != nil {
		b.t.Fatalf("join %s: %v", group, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{
		t: b.t, group: group, client: client, cancel: cancel, ended: make(chan struct{}),
		paces: map[int32]pace{-1: p}, changed: make(chan struct{}),
	}
	go func() {
		defer close(m.ended)
		for ctx.Err() == nil {
			// It returns at each rebalance, and with an error when the broker refused. In
			// both cases the next call joins again.
			_ = client.Consume(ctx, []string{topic}, m)
		}
	}()
	b.t.Cleanup(m.leave)
	return m
}

// leave stops the member, which leaves its group.
func (m *member) leave() {
	m.left.Do(func() {
		m.cancel()
		<-m.ended
		_ = m.client.Close()
	})
}

// set changes the pace of the given partitions, or of all if none is given.
func (m *member) set(p pace, partitions ...int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(partitions) == 0 {
		m.paces = map[int32]pace{-1: p}
	}
	for _, partition := range partitions {
		m.paces[partition] = p
	}
	close(m.changed)
	m.changed = make(chan struct{})
	if !p.keeps && m.session != nil {
		m.session.Commit() // what it had kept to itself
	}
}

func (m *member) pace(partition int32) (p pace, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.paces[partition]
	if !ok {
		p = m.paces[-1]
	}
	return p, m.changed
}

// Setup records that the member has partitions.
func (m *member) Setup(s sarama.ConsumerGroupSession) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.session, m.owned = s, 0
	for _, partitions := range s.Claims() {
		m.owned += len(partitions)
	}
	return nil
}

// Cleanup records that it no longer has partitions.
func (m *member) Cleanup(sarama.ConsumerGroupSession) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.session, m.owned = nil, 0
	return nil
}

// ConsumeClaim processes one partition until the session ends.
func (m *member) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case <-s.Context().Done():
			return nil
		case message, ok := <-claim.Messages():
			if !ok || !m.work(s, message) {
				return nil
			}
		}
	}
}

// work processes one message. It returns false if the session ended first.
func (m *member) work(s sarama.ConsumerGroupSession, message *sarama.ConsumerMessage) bool {
	for {
		p, changed := m.pace(message.Partition)
		var done <-chan time.Time
		if !p.hangs {
			timer := time.NewTimer(p.slow)
			defer timer.Stop()
			done = timer.C
		}
		select {
		case <-s.Context().Done():
			return false
		case <-changed:
		case <-done:
			s.MarkMessage(message, "")
			if !p.keeps {
				s.Commit()
			}
			return true
		}
	}
}
