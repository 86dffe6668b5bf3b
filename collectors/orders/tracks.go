package orders

// minTracked is the least number of orders that are remembered: those with the latest
// transitions. A forgotten order costs a read of its complete history.
const minTracked = 20_000

// tracks remembers where orders are, in two generations. When the young generation is
// full it becomes the old one, and the previous old one is forgotten.
type tracks struct {
	young, old map[string]*track
}

// of returns the track of an order, and nil if it is not known.
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
	if t.young == nil || len(t.young) >= minTracked {
		t.young, t.old = map[string]*track{}, t.young
	}
	t.young[id] = one
}
