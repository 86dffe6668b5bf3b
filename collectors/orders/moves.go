package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

const (
	pageRows  = 500 // rows of one page of the history
	mostPages = 10  // pages of one reading
	firstRows = 1000
	mostLeft  = 2000 // dwells that one reading reports
)

// moves is the history of a lifecycle, read as it grows: each row once, in the
// order of its moments, with a look back for those that were committed late.
type moves struct {
	config   *History
	graph    *graph
	max      time.Duration // for the whole way
	stateOf  func(in *database.Reading, column database.Column, value string) int
	table    *historyTable
	begun    bool
	mark     *database.Place // the row after which the next reading begins; nil: the first
	at       signal.Instant  // of the last row that was read
	recent   []recent        // rows after it that were seen, in order
	seen     map[database.Place]bool
	tracks   tracks
	suspects suspects
	unplaced int // rows without a key, or a moment that is one, on the latest page that had some

	counts    map[[2]int]int64
	completed signal.Completed
	left      []signal.Dwell
}

// recent is a row that was seen and may have a late one before it.
type recent struct {
	mark database.Place
	at   signal.Instant
}

func newMoves(c *Config, g *graph, stateOf func(*database.Reading, database.Column, string) int) *moves {
	return &moves{
		config: c.History, graph: g, max: time.Duration(c.Max), stateOf: stateOf,
		seen: map[database.Place]bool{}, counts: map[[2]int]int64{}, suspects: suspects{known: map[string]*suspect{}, endless: map[string]bool{}},
	}
}

// read takes one reading of the history. What was read before an error counts.
func (m *moves) read(ctx context.Context, in *database.Reading) (*signal.History, []string, error) {
	t, err := findHistory(ctx, in, m.config)
	if err != nil {
		return nil, nil, err
	}
	m.table = t
	warnings, err := m.follow(ctx, in)
	if err != nil {
		return nil, warnings, err
	}
	if m.unplaced > 0 {
		warnings = append(warnings, fmt.Sprintf("%d moves of history table %s or more have no key (%s), or a moment (%s) that is none, and are not followed; name columns in history.columns that each row has",
			m.unplaced, t.found, strings.Join(m.config.Columns.Key, ", "), t.at.Name))
	}
	more, err := m.suspects.look(ctx, in, m)
	warnings = append(warnings, more...)
	if err != nil {
		return nil, warnings, err
	}
	return m.told(), warnings, nil
}

// follow reads the rows that are new.
func (m *moves) follow(ctx context.Context, in *database.Reading) ([]string, error) {
	if !m.begun {
		page, err := m.page(ctx, in, database.Page{Back: true, Rows: firstRows})
		if err != nil {
			return nil, err
		}
		m.begun = len(page.Rows) > 0
		m.mark = page.Next // where there are older ones, which are past
		for _, row := range slices.Backward(page.Rows) {
			m.take(in, row)
		}
		m.prune(in.Now())
		return nil, nil
	}
	from := m.mark
	for range mostPages {
		page, err := m.page(ctx, in, database.Page{From: from, Rows: pageRows})
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			m.take(in, row)
		}
		if page.Next == nil {
			m.prune(in.Now())
			return nil, nil
		}
		from = page.Next
	}
	// So many that there is no time to look back.
	behind := in.Now().Sub(m.at)
	m.mark, m.recent = from, nil
	clear(m.seen)
	return []string{fmt.Sprintf("history table %s has more than %d moves for one reading; it is read up to %s ago; read it more often (interval)",
		m.table.found, mostPages*pageRows, behind.Round(time.Second))}, nil
}

// page reads a page of the history, without rows of which nobody knows where they
// belong.
func (m *moves) page(ctx context.Context, in *database.Reading, p database.Page) (database.Paged, error) {
	page, err := in.Page(ctx, m.table.all(), p, m.table.fields()...)
	read := len(page.Rows)
	page.Rows = slices.DeleteFunc(page.Rows, func(row database.Row) bool { return !row.Since.Known() })
	if n := page.Keyless + read - len(page.Rows); n > 0 {
		m.unplaced = n
	}
	return page, err
}

// take takes a row that is new.
func (m *moves) take(in *database.Reading, row database.Row) {
	if m.seen[row.Place] {
		return
	}
	m.seen[row.Place] = true
	m.at = row.Since
	m.recent = append(m.recent, recent{row.Place, row.Since})
	if id, s := m.table.step(in, row, m.stateOf); id != "" {
		m.note(id, s)
	}
}

// prune forgets rows before which no late one is waited for any more. Those of the
// same millisecond as the mark are kept: the database may have them after it.
func (m *moves) prune(now signal.Instant) {
	slices.SortStableFunc(m.recent, func(a, b recent) int { return cmp.Compare(a.at, b.at) })
	n := 0
	for n < len(m.recent) && now.Sub(m.recent[n].at) > time.Duration(m.config.Late) {
		n++
	}
	if n == 0 {
		return
	}
	last := m.recent[n-1]
	m.mark = &last.mark
	for len(m.recent) > 0 && m.recent[0].at < last.at {
		delete(m.seen, m.recent[0].mark)
		m.recent = m.recent[1:]
	}
}

// note takes one step of an order. What is wrong with it, or not known, is left to
// the whole history of the order.
func (m *moves) note(id string, s step) {
	t := m.tracks.of(id)
	if t == nil {
		one := m.graph.begin(s)
		if s.state != noState && m.graph.initial.has(s.state) {
			one.began = s.at
		} else {
			m.suspects.ask(id)
		}
		m.tracks.put(id, &one)
		return
	}
	if s.at < t.at || m.graph.wrong(t, s) != "" {
		m.suspects.ask(id)
		return
	}
	from, since := t.state, t.at
	m.graph.advance(t, s)
	if from == s.state || from == noState || s.state == noState {
		return
	}
	m.counts[[2]int{from, s.state}]++
	if len(m.left) < mostLeft {
		m.left = append(m.left, signal.Dwell{State: m.graph.names[from], For: s.at.Sub(since), TraceID: s.trace})
	}
	m.end(t)
}

// end counts an order that came to its end, once, as soon as it is known how long
// the whole took.
func (m *moves) end(t *track) {
	if t.state == noState || t.ended || !m.graph.ends.has(t.state) {
		return
	}
	switch {
	case m.graph.abandoned.has(t.state), m.graph.failed.has(t.state):
		m.completed.Abandoned++
	case t.late:
		m.completed.Late++
	case m.max > 0 && !t.began.Known():
		return
	case m.max > 0 && t.at.Sub(t.began) > m.max:
		m.completed.Late++
	default:
		m.completed.InTime++
	}
	t.ended = true
}

// told is what the history says.
func (m *moves) told() *signal.History {
	h := &signal.History{Completed: m.completed, Left: m.left}
	m.left = nil
	for from, name := range m.graph.names {
		for to, other := range m.graph.names {
			if n := m.counts[[2]int{from, to}]; n > 0 || m.graph.next[from].has(to) {
				h.Moves = append(h.Moves, signal.Move{From: name, To: other, Orders: n})
			}
		}
	}
	h.Conflicts, h.ConflictsCapped = m.suspects.conflicts()
	return h
}
