package propose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/shape"
	"github.com/lostorder/lostorder/internal/phrase"
)

// lifecycle is what is proposed for a table of orders.
type lifecycle struct {
	db      *shape.Database
	orders  *shape.Orders
	history *shape.History
	states  []*state
	since   string
	by      string // the key of the config for since
}

// state is one state, as it was seen.
type state struct {
	name     string
	stage    shape.Stage
	orders   int
	waits    []time.Duration // of the orders that are in it now
	next     []string
	terminal bool
	why      string // why it is terminal, or may not be
}

func newLifecycle(db *shape.Database, o *shape.Orders, h *shape.History) *lifecycle {
	l := &lifecycle{db: db, orders: o, history: h}
	l.chooseSince()
	l.find()
	l.order()
	l.connect()
	return l
}

// chooseSince chooses the column that says since when an order is in its state.
func (l *lifecycle) chooseSince() {
	switch o := l.orders; {
	case o.Since != "":
		l.since, l.by = o.Since, "since"
	case o.Updated != "":
		l.since, l.by = o.Updated, "since"
	default: // it says how long an order exists, not how long it is in its state
		l.since, l.by = o.Created, "updated"
	}
}

// find lists the states of the sample, and those that only the history has.
func (l *lifecycle) find() {
	by := map[string]*state{}
	add := func(name string) *state {
		if by[name] == nil {
			by[name] = &state{name: name, stage: shape.StageOf(name)}
			l.states = append(l.states, by[name])
		}
		return by[name]
	}
	sample := &l.orders.Sample
	at, since := sample.At(l.orders.State), sample.At(l.since)
	if at >= 0 {
		for _, row := range sample.Rows {
			if row[at].Null || row[at].Text == "" {
				continue
			}
			s := add(row[at].Text)
			s.orders++
			if since >= 0 && row[since].At.Known() {
				s.waits = append(s.waits, l.db.Now.Sub(row[since].At.Time()))
			}
		}
	}
	if l.history != nil {
		for move := range l.history.Seen {
			add(move[0])
			add(move[1])
		}
	}
}

// order puts the states in the order in which orders go through them.
func (l *lifecycle) order() {
	slices.SortFunc(l.states, func(a, b *state) int { return cmp.Compare(a.name, b.name) })
	rank := func(s *state) shape.Stage {
		if s.stage == shape.UnknownStage {
			return shape.InWork
		}
		return s.stage
	}
	slices.SortStableFunc(l.states, func(a, b *state) int { return cmp.Compare(rank(a), rank(b)) })
	if l.history == nil {
		return
	}
	// The first one is that into which the fewest transitions lead, of those that others follow.
	into, out := map[string]int{}, map[string]int{}
	for move, n := range l.history.Seen {
		into[move[1]] += n
		out[move[0]] += n
	}
	first := slices.IndexFunc(l.states, func(s *state) bool { return into[s.name] == 0 && out[s.name] > 0 })
	if first > 0 {
		s := l.states[first]
		l.states = slices.Insert(slices.Delete(l.states, first, first+1), 0, s)
	}
}

// connect finds the transitions and the ends.
func (l *lifecycle) connect() {
	sent := slices.ContainsFunc(l.states, func(s *state) bool { return s.stage == shape.Finished })
	last := shape.UnknownStage
	for _, s := range l.states {
		if s.stage != shape.GivenUp {
			last = max(last, s.stage)
		}
	}
	for _, s := range l.states {
		seen := l.seenAfter(s.name)
		s.next = seen
		switch {
		case s.stage == shape.Finished, s.stage == shape.GivenUp:
			s.terminal = true
		case s.stage == shape.Sent && !sent && len(seen) == 0:
			s.terminal, s.why = true, "taken as final: no state after it was seen"
		case s.stage == last && !sent && len(seen) == 0:
			s.terminal, s.why = true, "taken as final: no state after it was seen. Correct it if orders leave this state"
		case s.stage == shape.UnknownStage && l.history != nil && len(seen) == 0:
			s.terminal, s.why = true, "taken as final: no order was seen to leave it"
		}
	}
	for i, s := range l.states {
		if !s.terminal && len(s.next) == 0 {
			s.next = l.after(i)
		}
	}
	// Every state needs a way to an end.
	for i, s := range l.states {
		if !s.terminal && !l.ends(s, map[string]bool{}) {
			for _, name := range l.after(i) {
				if !slices.Contains(s.next, name) {
					s.next = append(s.next, name)
				}
			}
			if len(s.next) == 0 {
				s.terminal, s.why = true, "taken as final: no state after it was seen"
			}
		}
	}
}

// seenAfter are the states that followed one in the history, the most frequent first.
func (l *lifecycle) seenAfter(name string) (next []string) {
	if l.history == nil {
		return nil
	}
	for _, s := range l.states {
		if l.history.Seen[[2]string{name, s.name}] > 0 && s.name != name {
			next = append(next, s.name)
		}
	}
	slices.SortStableFunc(next, func(a, b string) int {
		return l.history.Seen[[2]string{name, b}] - l.history.Seen[[2]string{name, a}]
	})
	return next
}

// after are the states that may follow one, as far as the names say: all later ones.
func (l *lifecycle) after(i int) (next []string) {
	for j, s := range l.states {
		if j > i && (s.stage != l.states[i].stage || s.stage == shape.UnknownStage) {
			next = append(next, s.name)
		}
	}
	return next
}

func (l *lifecycle) ends(s *state, seen map[string]bool) bool {
	if s.terminal {
		return true
	}
	seen[s.name] = true
	for _, name := range s.next {
		if other := l.state(name); other != nil && !seen[name] && l.ends(other, seen) {
			return true
		}
	}
	return false
}

func (l *lifecycle) state(name string) *state {
	at := slices.IndexFunc(l.states, func(s *state) bool { return s.name == name })
	if at < 0 {
		return nil
	}
	return l.states[at]
}

// named are the states of a stage.
func (l *lifecycle) named(stage shape.Stage) (names []string) {
	for _, s := range l.states {
		if s.stage == stage {
			names = append(names, s.name)
		}
	}
	return names
}

// guessed reports whether neither names nor a history say what follows what.
func (l *lifecycle) guessed() bool {
	if l.history != nil {
		return false
	}
	for _, s := range l.states {
		if s.stage == shape.Finished || s.stage == shape.GivenUp || s.stage == shape.Sent {
			return false
		}
	}
	return true
}

// seen says how many orders are in each state.
func (l *lifecycle) seen() string {
	var parts []string
	for _, s := range l.orders.Sample.Count(l.orders.State) {
		parts = append(parts, fmt.Sprintf("%s %d", s.Value, s.Rows))
	}
	if len(parts) == 0 {
		return "It has no rows yet."
	}
	what := "All"
	if !l.orders.Sample.Whole {
		what = "The latest"
	}
	return fmt.Sprintf("%s %d rows by %s: %s.", what, len(l.orders.Sample.Rows), l.orders.State, strings.Join(parts, ", "))
}

// source is where the orders are.
func (l *lifecycle) source() draft.Line {
	o := l.orders
	columns := draft.Map{{Key: "order_id", Value: single(o.Key)}, {Key: "state", Value: o.State}, {Key: l.by, Value: l.since}}
	if trace := traceColumn(o.Table); trace != "" {
		columns = append(columns, draft.Pair{Key: "traceparent", Value: trace})
	}
	note := ""
	switch {
	case l.by == "updated":
		note = "no column says since when an order is in its state, so lostorder remembers it; a column that does is better"
	case o.Since == "" && l.history != nil && l.history.Judged > 0 && 10*l.history.Agrees >= 9*l.history.Judged:
		note = fmt.Sprintf("%s is when the state changed, in %d of %d orders", l.since, l.history.Agrees, l.history.Judged)
	case o.Since == "":
		note = fmt.Sprintf("any change of a row sets %s: an order may look younger in its state than it is, never older", l.since)
	}
	lines := []draft.Line{{Key: "database", Value: l.db.Name}, {Key: "table", Value: o.Ref}, {Key: "columns", Value: columns, Note: note}}
	if kept := shape.Kept(o.Table); len(kept) > 0 {
		lines = append(lines, draft.Line{Key: "where", Value: where(l.db, kept...)})
	}
	return draft.Line{Key: "source", Lines: lines}
}

func (l *lifecycle) historyLine() draft.Line {
	h := l.history
	columns := draft.Map{{Key: "key", Value: single(h.Key)}, {Key: "order_id", Value: h.OrderID}, {Key: "state", Value: h.State}, {Key: "at", Value: h.At}}
	if trace := traceColumn(h.Table); trace != "" {
		columns = append(columns, draft.Pair{Key: "traceparent", Value: trace})
	}
	lines := []draft.Line{{Key: "table", Value: h.Ref}, {Key: "columns", Value: columns}}
	if len(h.Where) > 0 {
		lines = append(lines, draft.Line{Key: "where", Value: where(l.db, h.Where...)})
	}
	return draft.Line{Key: "history", Lines: lines, Optional: true}
}

// stateLines are the states, with what was seen of each.
func (l *lifecycle) stateLines() draft.Line {
	var lines []draft.Line
	reached := map[string]bool{}
	for _, s := range l.states {
		for _, name := range s.next {
			reached[name] = true
		}
	}
	for i, s := range l.states {
		value := draft.Map{}
		note := ""
		if !s.terminal {
			if limit, why := l.limit(s); limit > 0 {
				value = append(value, draft.Pair{Key: "max", Value: Round(limit)})
				note = why
			} else {
				note = why
			}
		}
		if len(s.next) > 0 {
			value = append(value, draft.Pair{Key: "next", Value: s.next})
		}
		if s.terminal && len(s.next) > 0 {
			value = append(value, draft.Pair{Key: "terminal", Value: true})
		}
		if i > 0 && !reached[s.name] {
			value = append(value, draft.Pair{Key: "initial", Value: true})
		}
		if s.terminal && s.stage == shape.GivenUp {
			value = append(value, draft.Pair{Key: "abandoned", Value: true})
		}
		lines = append(lines, draft.Line{Key: s.name, Value: value, Note: join(note, s.why)})
	}
	return draft.Line{Key: "states", Lines: lines}
}

// shortestMax is the least that is proposed, and longestMax the most.
const (
	shortestMax = time.Minute
	longestMax  = 60 * day
)

// limit proposes how long an order may be in a state.
func (l *lifecycle) limit(s *state) (time.Duration, string) {
	if s.stage == shape.Shopping {
		return l.required(0, "no max: customers leave carts")
	}
	if l.history != nil {
		if left := quantilesOf(l.history.Dwells[s.name]); left.n > 0 {
			return l.limitOfThoseThatLeft(left, s.waits)
		}
	}
	q := quantilesOf(s.waits)
	switch {
	case q.n == 0:
		return l.required(time.Hour, "no max: no order was seen in it")
	case q.p50 > longestMax/2:
		return l.required(longestMax, fmt.Sprintf("no max: half of the %d orders in it wait longer than %s; is it final?", q.n, span(q.p50)))
	}
	return max(time.Hour, 2*q.p95), fmt.Sprintf("a guess from the orders that are in it now (%d): %s", q.n, q)
}

// limitOfThoseThatLeft proposes a limit from the orders that left a state, and from those that
// are in it now: where many of them wait longer than the others did, the slow orders have not
// left yet, and the ones that did are no measure.
func (l *lifecycle) limitOfThoseThatLeft(left quantiles, waits []time.Duration) (time.Duration, string) {
	limit := max(shortestMax, 2*left.p99, left.max+left.max/5)
	why := fmt.Sprintf("%s left it, %s", phrase.Count(left.n, "order"), left)
	var longer []time.Duration
	for _, wait := range waits {
		if wait > time.Duration(Round(limit)) {
			longer = append(longer, wait)
		}
	}
	switch now := quantilesOf(longer); {
	case now.n == 0:
	case 20*now.n <= left.n:
		why += fmt.Sprintf("; %s in it now longer, up to %s: lostorder will report them", phrase.Count(now.n, "order"), span(now.max))
	default:
		limit = max(limit, 2*now.p95)
		why += fmt.Sprintf("; %s in it now longer, up to %s: the max is a guess, lower it if they are stuck", phrase.Count(now.n, "order"), span(now.max))
	}
	if limit > longestMax {
		return l.required(longestMax, "no max: "+why)
	}
	return limit, why
}

// required is the limit of a state of a saga, which needs one.
func (l *lifecycle) required(limit time.Duration, why string) (time.Duration, string) {
	if l.orders.Saga {
		return max(limit, time.Hour), "a guess: a step of a saga needs max"
	}
	return 0, why
}
