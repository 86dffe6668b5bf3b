package kafka

import "github.com/lostorder/lostorder/internal/signal"

// dlqSample is what fetches have shown of a partition of a dead letter queue, from its
// head to the end of its log.
type dlqSample struct {
	head int64
	next int64 // before it, nothing visible was found unless seen is set
	seen int64 // the offset of a visible message; Unknown: none was found
	end  int64 // of the log, at the last fetch
	at   signal.Instant
}

// sample returns the sample of a partition from a head on.
func (p *topicPast) sample(partition int32, head, end int64) *dlqSample {
	if p.samples == nil {
		p.samples = map[int32]*dlqSample{}
	}
	s := p.samples[partition]
	if s == nil || head < s.head || end < s.end || s.seen >= 0 && s.seen < head {
		s = &dlqSample{head: head, next: head, seen: signal.Unknown}
		p.samples[partition] = s
	}
	s.next = max(s.next, head)
	return s
}

// due reports whether a fetch can show something new.
func (s *dlqSample) due(end int64, now signal.Instant) bool {
	if s.seen >= 0 || s.next >= end {
		return false
	}
	return s.end != end || now.Sub(s.at) >= sampleAgain
}

// learn keeps what a fetch found.
func (s *dlqSample) learn(one *fetch) {
	s.next = one.next
	if n := len(one.found); n > 0 {
		s.seen = one.found[n-1].offset
	}
	if !one.done() {
		s.at = 0 // the next reading resumes there
	}
}

// skipInvisible moves the heads of dead letter queues past what no consumer ever sees:
// transaction markers and messages of aborted transactions. They stay in the log until
// retention, long after the last message was consumed.
func (r *reading) skipInvisible() {
	type place struct {
		topic     *topic
		partition int32
		sample    *dlqSample
	}
	var places []place
	var fetches []*fetch
	var sampled []*dlqSample
	for i := range r.topics {
		// Each reading starts with another topic, so that all have their turn.
		t := &r.topics[(uint64(i)+r.history.reading)%uint64(len(r.topics))]
		if t.dlq == nil || t.deleted {
			continue
		}
		for p, end := range t.end {
			head := t.dlq.heads[p]
			if t.start[p] < 0 || end <= head {
				delete(t.past.samples, int32(p))
				continue
			}
			s := t.past.sample(int32(p), head, end)
			t.past.useNewest(s, p, end)
			places = append(places, place{t, int32(p), s})
			if s.due(end, r.now) && len(fetches) < samplesPerReading && !r.history.denies(t.name) {
				s.end, s.at = end, r.now
				fetches = append(fetches, &fetch{topic: t, partition: int32(p), next: s.next, until: end})
				sampled = append(sampled, s)
			}
		}
	}
	r.fetchAll(fetches)
	for i, one := range fetches {
		if one.denied {
			r.history.deny(one.topic.name, r.now)
		}
		sampled[i].learn(one)
	}
	for _, p := range places {
		if end := p.topic.end[p.partition]; p.sample.seen < 0 && p.sample.next >= end {
			p.topic.dlq.heads[p.partition] = end
		}
	}
}

// useNewest spares a fetch where the newest messages are known already.
func (p *topicPast) useNewest(s *dlqSample, partition int, end int64) {
	if s.seen >= 0 || partition >= len(p.newest) || len(p.newest[partition]) == 0 {
		return
	}
	last := p.newest[partition][len(p.newest[partition])-1].offset
	if last >= s.next && last < end {
		s.seen, s.end = last, end
	}
}
