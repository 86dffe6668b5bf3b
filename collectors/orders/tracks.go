package orders

// mostTracked is how many orders are remembered at the least, those that moved
// last. Of an order that was forgotten the history is asked.
const mostTracked = 20_000

// tracks remembers where orders are, in two generations: when the young one is
// full it becomes the old one, and what the old one held is forgotten.
type tracks struct {
	young, old map[string]*track
}

// of is the track of an order, nil when it is not known.
func (t *tracks) of(id string) *track {
	if found := t.young[id]; found != nil {
		return found
	}
	found := t.old[id]
	if found != nil {
		t.put(id, found)
	}
	return found
}

func (t *tracks) put(id string, one *track) {
	if t.young == nil || len(t.young) >= mostTracked {
		t.young, t.old = map[string]*track{}, t.young
	}
	t.young[id] = one
}
