package offsetstopic

import "maps"

// Move is a change of a committed offset that no member made while it processed messages.
type Move struct {
	Position
	From, To int64
	By       By
	At       int64 // milliseconds since 1970, on the broker's clock
}

// Position names a committed offset.
type Position struct {
	Group, Topic string
	Partition    int32
}

// By is who moved an offset.
type By uint8

// Who moves offsets.
const (
	// Unclear: the offset was removed, and the first commit after it is further ahead. The
	// messages between were read, or skipped.
	Unclear By = iota
	// Outsider: the commit was made while the group had no members.
	Outsider
	// Reset: the offset was removed, and a consumer set its position further ahead without
	// having received a message.
	Reset
)

const (
	// placesKept bounds how many removed offsets are remembered. What does not fit is unknown.
	placesKept = 10_000
	// movesKept bounds how many moves are remembered until they are fetched.
	movesKept = 1000
)

// Follower decides from the records of the offsets topic who moved an offset. It takes the
// records of each group in their order.
type Follower struct {
	// Watches reports whether a group and topic are watched; topic is empty for a group alone.
	Watches func(group, topic string) bool
	// Before returns what the offset was when the follower began to read the records that it
	// takes now; -1 where that is unknown.
	Before func(Position) int64

	groups  map[string]*group
	removed int
	moves   []Move
}

// group is what is known of a group.
type group struct {
	empty   bool // it has no members as of the last record
	touched bool // there was a record about its members since the last Poll
	since   int64
	managed bool // consumers join it, so that a commit without a member is not its consumers'
	epochs  bool // its clients send leader epochs
	// transactions: its offsets are committed in transactions, for which the broker need not
	// know the member, and which may be aborted.
	transactions bool
	places       map[place]*offset
}

type place struct {
	topic     string
	partition int32
}

// offset is the last commit in a place.
type offset struct {
	value   int64
	fresh   bool // it was committed since the last Poll
	removed bool
	pending *Move // it is a Reset if the client sends epochs
}

// Take takes the next record of a group.
func (f *Follower) Take(r Record) {
	if r.Kind == None || !f.Watches(r.Group, r.Topic) {
		return
	}
	if f.groups == nil {
		f.groups = map[string]*group{}
	}
	g := f.groups[r.Group]
	if g == nil {
		g = &group{places: map[place]*offset{}}
		f.groups[r.Group] = g
	}
	switch r.Kind {
	case Commit:
		f.commit(g, r)
	case Removal:
		f.remove(g, r)
	case Emptied:
		g.empty, g.touched, g.managed, g.since = true, false, true, r.At
	case Joined:
		g.empty, g.touched, g.since = false, true, 0
	case Dissolved:
		g.empty, g.touched, g.managed, g.since = false, true, false, 0
	case None:
	}
}

// offset returns the last offset in a place.
func (f *Follower) offset(g *group, r Record) *offset {
	at := place{r.Topic, r.Partition}
	one := g.places[at]
	if one == nil {
		one = &offset{value: f.Before(Position{r.Group, r.Topic, r.Partition})}
		g.places[at] = one
	}
	one.fresh = true
	return one
}

func (f *Follower) remove(g *group, r Record) {
	one := f.offset(g, r)
	if one.removed || one.value < 0 || f.removed >= placesKept {
		return
	}
	one.removed, one.pending = true, nil
	f.removed++
}

func (f *Follower) commit(g *group, r Record) {
	one := f.offset(g, r)
	move := Move{Position: Position{r.Group, r.Topic, r.Partition}, From: one.value, To: r.Offset, At: r.At}
	advances := one.value >= 0 && r.Offset > one.value
	g.transactions = g.transactions || r.Transactional
	switch {
	case g.transactions:
	case g.empty:
		// A consumer that assigns its partitions itself knows the epoch of what it received.
		if move.By = Outsider; advances && g.managed && r.Epoch < 0 {
			f.move(move)
		}
	default:
		f.byMember(g, one, move, r.Epoch, advances)
	}
	if one.removed {
		f.removed--
	}
	one.value, one.removed = r.Offset, false
}

// byMember takes a commit that a member made, or that may be a member's.
func (f *Follower) byMember(g *group, one *offset, move Move, epoch int32, advances bool) {
	switch {
	case epoch >= 0:
		for _, p := range g.places {
			if p.pending != nil {
				p.pending.By = Reset // the client sends epochs as soon as it has received a message
				f.move(*p.pending)
				p.pending = nil
			}
		}
		if g.epochs = true; one.removed && advances {
			f.move(move)
		}
	case one.removed && advances && g.epochs:
		one.pending = &move
	case one.removed && advances:
		f.move(move)
	case one.pending != nil && advances:
		f.move(*one.pending) // it received messages and sends no epoch
		one.pending, g.epochs = nil, false
	}
}

func (f *Follower) move(m Move) {
	if len(f.moves) < movesKept {
		f.moves = append(f.moves, m)
	}
}

// Moves returns the moves since the last call.
func (f *Follower) Moves() []Move {
	moves := f.moves
	f.moves = nil
	return moves
}

// Polled is what the broker says of a group.
type Polled struct {
	Empty   bool // it has no members
	Managed bool // consumers join it
	Epochs  bool // some of its commits have leader epochs
}

// Poll takes what the broker said of the groups, once all records up to that moment have been
// taken. A group that is not among them is gone.
func (f *Follower) Poll(polled map[string]Polled) {
	for name, now := range polled {
		g := f.groups[name]
		if g == nil && now.Managed {
			g = &group{places: map[place]*offset{}}
			if f.groups == nil {
				f.groups = map[string]*group{}
			}
			f.groups[name] = g
		}
		if g == nil {
			continue
		}
		if now.Empty && !g.touched {
			g.empty = true
		}
		g.touched = false
		g.managed, g.epochs = now.Managed, g.epochs || now.Epochs
	}
	for name, g := range f.groups {
		maps.DeleteFunc(g.places, func(_ place, one *offset) bool {
			stale := !one.fresh && !one.removed && one.pending == nil // the broker's answer is as new
			one.fresh = false
			return stale
		})
		if _, known := polled[name]; !known && len(g.places) == 0 {
			delete(f.groups, name)
		}
	}
}

// EmptySince is since when a group has no members, where its record was read: milliseconds
// since 1970 on the broker's clock; 0: unknown.
func (f *Follower) EmptySince(name string) int64 {
	if g := f.groups[name]; g != nil && g.empty {
		return g.since
	}
	return 0
}

// DropTopic forgets the offsets of a topic that was deleted.
func (f *Follower) DropTopic(topic string) {
	for _, g := range f.groups {
		maps.DeleteFunc(g.places, func(p place, one *offset) bool {
			if p.topic == topic && one.removed {
				f.removed--
			}
			return p.topic == topic
		})
	}
}

// Forget forgets all: records were missed.
func (f *Follower) Forget() { f.groups, f.removed = nil, 0 }
