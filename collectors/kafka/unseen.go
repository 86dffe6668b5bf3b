package kafka

import "github.com/lostorder/lostorder/internal/signal"

// sight is what is known of what a reader sees between a head of a dead letter
// queue's partition and the end of its log.
type sight struct {
	head int64
	next int64 // nothing is seen from head up to here, unless something is seen at all
	seen int64 // the offset of a message that is seen; Unknown: none was found
	end  int64 // of the log, at the last look
	at   signal.Instant
}

// sight returns what is known of a partition from a head on.
func (p *topicPast) sight(partition int32, head, end int64) *sight {
	if p.sights == nil {
		p.sights = map[int32]*sight{}
	}
	s := p.sights[partition]
	if s == nil || head < s.head || end < s.end || s.seen >= 0 && s.seen < head {
		s = &sight{head: head, next: head, seen: signal.Unknown}
		p.sights[partition] = s
	}
	s.next = max(s.next, head)
	return s
}

// due reports whether a look can tell something new.
func (s *sight) due(end int64, now signal.Instant) bool {
	if s.seen >= 0 || s.next >= end {
		return false
	}
	return s.end != end || now.Sub(s.at) >= peekAgain
}

// learn notes what a look found.
func (s *sight) learn(look *fetch) {
	s.next = look.next
	if n := len(look.found); n > 0 {
		s.seen = look.found[n-1].offset
	}
	if !look.done() {
		s.at = 0 // there is more, which is looked at in the next reading
	}
}

// passUnseen moves the heads of dead letter queues past what no reader will ever
// see: markers of transactions, and what was written by those that were aborted.
// They stay in the log until retention, long after the last message was taken out.
func (r *reading) passUnseen() {
	type place struct {
		topic     *topic
		partition int32
		sight     *sight
	}
	var places []place
	var looks []*fetch
	var looked []*sight
	for i := range r.topics {
		// Another topic comes first every time, so that all have their turn.
		t := &r.topics[(uint64(i)+r.history.reading)%uint64(len(r.topics))]
		if t.dlq == nil || t.gone {
			continue
		}
		for p, end := range t.end {
			head := t.dlq.heads[p]
			if t.start[p] < 0 || end <= head {
				delete(t.past.sights, int32(p))
				continue
			}
			s := t.past.sight(int32(p), head, end)
			t.past.named(s, p, end)
			places = append(places, place{t, int32(p), s})
			if s.due(end, r.now) && len(looks) < peeksPerReading && !r.history.refuses(t.name) {
				s.end, s.at = end, r.now
				looks = append(looks, &fetch{topic: t, partition: int32(p), next: s.next, until: end})
				looked = append(looked, s)
			}
		}
	}
	r.fetchAll(looks)
	for i, look := range looks {
		if look.refused {
			r.history.refuse(look.topic.name, r.now)
		}
		looked[i].learn(look)
	}
	for _, p := range places {
		if end := p.topic.end[p.partition]; p.sight.seen < 0 && p.sight.next >= end {
			p.topic.dlq.heads[p.partition] = end
		}
	}
}

// named spares a look where a message was named.
func (p *topicPast) named(s *sight, partition int, end int64) {
	if s.seen >= 0 || partition >= len(p.newest) || len(p.newest[partition]) == 0 {
		return
	}
	last := p.newest[partition][len(p.newest[partition])-1].offset
	if last >= s.next && last < end {
		s.seen, s.end = last, end
	}
}
