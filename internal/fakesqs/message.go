package fakesqs

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // the protocol wants it; it guards nothing
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// stored is a message in a queue.
type stored struct {
	id         string
	body       string
	attributes json.RawMessage
	group      string
	sent       time.Time
	first      time.Time // when it was received first
	visible    time.Time // from when on it may be received
	handle     string    // of the last receive
	receives   int
	here       int // those of them from this queue
}

// sent is the answer to the sender.
type sent struct {
	MessageID        string `json:"MessageId"`
	MD5OfMessageBody string
	SequenceNumber   string `json:",omitempty"`
	at               time.Time
}

const (
	// deduplicates is how long SQS remembers a deduplication id.
	deduplicates = 5 * time.Minute
	// forgetEvery is after how many of them it looks for those to forget.
	forgetEvery = 1024
)

// waits reports whether the message may be received.
func (m *stored) waits(now time.Time) bool { return !now.Before(m.visible) }

func (q *queue) count(now time.Time) (ready, inFlight, delayed int) {
	for _, m := range q.messages {
		switch {
		case m.waits(now):
			ready++
		case m.receives > 0:
			inFlight++
		default:
			delayed++
		}
	}
	return ready, inFlight, delayed
}

// settle removes what the queue has kept for its retention period.
func (q *queue) settle(now time.Time) {
	keep := q.seconds("MessageRetentionPeriod")
	q.messages = slices.DeleteFunc(q.messages, func(m *stored) bool { return now.Sub(m.sent) >= keep })
}

func (s *Server) send(q *queue, in *message, now time.Time) (sent, error) {
	if q.fifo() && in.MessageGroupID == "" {
		return sent{}, &Error{Code: "MissingParameter", Message: "a FIFO queue needs a MessageGroupId"}
	}
	dedup := in.MessageDeduplicationID
	if dedup == "" && q.attributes["ContentBasedDeduplication"] == "true" {
		dedup = digest(in.MessageBody)
	}
	if before, ok := q.seen[dedup]; ok && dedup != "" && now.Sub(before.at) < deduplicates {
		return before, nil
	}
	delay := q.seconds("DelaySeconds")
	if in.DelaySeconds != nil {
		delay = time.Duration(*in.DelaySeconds) * time.Second
	}
	s.sequence++
	m := &stored{
		id: fmt.Sprintf("%08x-0000-4000-8000-000000000000", s.sequence), body: in.MessageBody, attributes: in.MessageAttributes,
		group: in.MessageGroupID, sent: now, visible: now.Add(delay),
	}
	q.messages = append(q.messages, m)
	q.tally.add(metricSent, s.period(now), 1)
	answer := sent{MessageID: m.id, MD5OfMessageBody: digest(m.body), at: now}
	if q.fifo() {
		answer.SequenceNumber = fmt.Sprintf("%020d", s.sequence)
	}
	if dedup != "" {
		if len(q.seen)%forgetEvery == 0 {
			maps.DeleteFunc(q.seen, func(_ string, before sent) bool { return now.Sub(before.at) >= deduplicates })
		}
		q.seen[dedup] = answer
	}
	s.wake()
	return answer, nil
}

func (s *Server) sendBatch(q *queue, entries []entry, now time.Time) (any, error) {
	type done struct {
		ID string `json:"Id"`
		sent
	}
	answer := struct {
		Successful []done
		Failed     []struct{}
	}{Failed: []struct{}{}}
	for i := range entries {
		one, err := s.send(q, &entries[i].message, now)
		if err != nil {
			return nil, err
		}
		answer.Successful = append(answer.Successful, done{entries[i].ID, one})
	}
	return answer, nil
}

// received is a message as a receiver gets it.
type received struct {
	MessageID         string `json:"MessageId"`
	ReceiptHandle     string
	Body              string
	MD5OfBody         string
	Attributes        map[string]string
	MessageAttributes json.RawMessage `json:",omitempty"`
}

// receive waits until there is a message, for as long as the request says.
func (s *Server) receive(ctx context.Context, name string, in *request) (any, error) {
	deadline := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		s.mu.Lock()
		q := s.queues[name]
		if q == nil {
			s.mu.Unlock()
			return nil, errNoQueue
		}
		now := time.Now()
		messages, next := s.take(q, in, now)
		changed := s.changed
		if len(messages) == 0 && !now.Before(deadline) {
			q.tally.add(metricEmptyReceives, s.period(now), 1)
		}
		s.mu.Unlock()
		if len(messages) > 0 || !now.Before(deadline) {
			return map[string]any{"Messages": messages}, nil
		}
		if next.IsZero() || next.After(deadline) {
			next = deadline
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// take gives out what may be received, and moves to the dead letter queue what
// was received too often. With nothing to give it says when there may be.
func (s *Server) take(q *queue, in *request, now time.Time) (messages []received, next time.Time) {
	q.settle(now)
	hidden := q.seconds("VisibilityTimeout")
	if in.VisibilityTimeout != nil {
		hidden = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	policy := q.redrive()
	most, _ := strconv.Atoi(policy.MaxReceives.String())
	dead := s.byARN(policy.Target)
	blocked := map[string]bool{}
	var stay []*stored
	for _, m := range q.messages {
		switch {
		case q.fifo() && blocked[m.group]:
		case !m.waits(now):
			if next.IsZero() || m.visible.Before(next) {
				next = m.visible
			}
			blocked[m.group] = true
		case len(messages) == max(1, in.MaxNumberOfMessages):
			blocked[m.group] = true
		case dead != nil && most > 0 && m.receives >= most:
			dead.accept(m, now)
			continue
		default:
			m.receives++
			m.here++
			m.visible = now.Add(hidden)
			m.first = cmpTime(m.first, now)
			s.sequence++
			m.handle = fmt.Sprintf("%s#%d", m.id, s.sequence)
			messages = append(messages, m.show())
			q.tally.add(metricReceived, s.period(now), 1)
		}
		stay = append(stay, m)
	}
	q.messages = stay
	return messages, next
}

func cmpTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// accept takes in a dead letter. On a standard queue it keeps the time at which
// it was sent first, from which its retention goes on counting.
func (q *queue) accept(m *stored, now time.Time) {
	m.visible, m.handle, m.here = now, "", 0
	if q.fifo() {
		m.sent = now
	}
	q.messages = append(q.messages, m)
}

func (s *Server) byARN(arn string) *queue {
	for _, q := range s.queues {
		if q.arn() == arn {
			return q
		}
	}
	return nil
}

func (m *stored) show() received {
	return received{
		MessageID: m.id, ReceiptHandle: m.handle, Body: m.body, MD5OfBody: digest(m.body), MessageAttributes: m.attributes,
		Attributes: map[string]string{
			"ApproximateReceiveCount":          strconv.Itoa(m.receives),
			"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
			"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10),
			"MessageGroupId":                   cmp.Or(m.group, "default"),
		},
	}
}

// remove deletes a message; one that is gone already was deleted just as well.
func (s *Server) remove(q *queue, handle string, now time.Time) error {
	i := slices.IndexFunc(q.messages, func(m *stored) bool { return m.handle == handle && handle != "" })
	if i >= 0 {
		q.messages = slices.Delete(q.messages, i, i+1)
		q.tally.add(metricDeleted, s.period(now), 1)
		s.wake() // the next of its group may be received
	}
	return nil
}

func (s *Server) removeBatch(q *queue, entries []entry, now time.Time) (any, error) {
	type done struct {
		ID string `json:"Id"`
	}
	answer := struct {
		Successful []done
		Failed     []struct{}
	}{Failed: []struct{}{}}
	for _, e := range entries {
		if err := s.remove(q, e.ReceiptHandle, now); err != nil {
			return nil, err
		}
		answer.Successful = append(answer.Successful, done{e.ID})
	}
	return answer, nil
}

// hide changes for how long a message in flight stays hidden.
func (s *Server) hide(q *queue, in *request, now time.Time) error {
	i := slices.IndexFunc(q.messages, func(m *stored) bool { return m.handle == in.ReceiptHandle && !m.waits(now) })
	if i < 0 || in.VisibilityTimeout == nil {
		return errNoMessage
	}
	q.messages[i].visible = now.Add(time.Duration(*in.VisibilityTimeout) * time.Second)
	s.wake()
	return nil
}

func digest(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // the protocol wants it; it guards nothing
	return hex.EncodeToString(sum[:])
}
