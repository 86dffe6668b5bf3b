package web

import (
	"fmt"
	"strconv"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// Measures of the picture of a lifecycle, in pixels.
const (
	boxWidth   = 150
	boxHeight  = 46
	columnGap  = 96
	rowGap     = 26
	pictureRim = 8
)

// picture is a lifecycle drawn from left to right: its states as boxes with the number
// of orders, its transitions as arrows with how many orders made them.
type picture struct {
	Name, Database string
	Width, Height  int
	Boxes          []box
	Arrows         []arrow
}

type box struct {
	X, Y        int
	Name, Holds string
	Class       string // end, bad
}

// Middle and the lines of text of a box.
func (b box) Middle() int { return b.X + boxWidth/2 }

// First is where the name stands.
func (b box) First() int { return b.Y + 19 }

// Second is where the counts stand.
func (b box) Second() int { return b.Y + 36 }

type arrow struct {
	Path  string
	Count string // empty when it is not known
	X, Y  int    // of the count
}

// pictures draws each lifecycle of the readings, once.
func pictures(targets []watch.Target) []picture {
	var all []picture
	seen := map[[2]string]bool{}
	for i := range targets {
		if targets[i].Reading == nil {
			continue
		}
		for j := range targets[i].Reading.Lifecycles {
			l := &targets[i].Reading.Lifecycles[j]
			if id := [2]string{l.Database, l.Name}; !seen[id] && len(l.States) > 0 {
				seen[id] = true
				all = append(all, draw(l))
			}
		}
	}
	return all
}

func draw(l *signal.Lifecycle) picture {
	p := picture{Name: l.Name, Database: l.Database}
	index := make(map[string]int, len(l.States))
	for i := range l.States {
		index[l.States[i].Name] = i
	}
	counts := map[[2]int]int64{}
	arrived := make([]int64, len(l.States))
	if l.History != nil {
		for _, m := range l.History.Transitions {
			counts[[2]int{index[m.From], index[m.To]}] = m.Orders
			arrived[index[m.To]] += m.Orders
		}
	}
	column := columnsOf(l, index)
	rows := map[int]int{}
	for i := range l.States {
		s := &l.States[i]
		b := box{
			X: pictureRim + column[i]*(boxWidth+columnGap), Y: pictureRim + rows[column[i]]*(boxHeight+rowGap),
			Name: s.Name, Holds: inState(s, arrived[i], l.History != nil),
		}
		switch {
		case s.Overdue > 0:
			b.Class = "bad"
		case s.Terminal:
			b.Class = "end"
		}
		rows[column[i]]++
		p.Boxes = append(p.Boxes, b)
		p.Width = max(p.Width, b.X+boxWidth+pictureRim)
		p.Height = max(p.Height, b.Y+boxHeight+pictureRim)
	}
	back := 0
	for i := range l.States {
		for _, name := range l.States[i].Next {
			to, known := index[name]
			if !known {
				continue
			}
			a := connect(p.Boxes[i], p.Boxes[to], &back, p.Height)
			if l.History != nil {
				a.Count = strconv.FormatInt(counts[[2]int{i, to}], 10)
			}
			p.Arrows = append(p.Arrows, a)
		}
	}
	p.Height += back * 2 * pictureRim
	return p
}

// columnsOf puts each state after all states that lead to it, except for transitions
// that go back.
func columnsOf(l *signal.Lifecycle, index map[string]int) []int {
	const (
		unseen = iota
		open   // on the way to the state that is looked at
		done
	)
	var forward [][2]int
	seen := make([]int, len(l.States))
	var visit func(i int)
	visit = func(i int) {
		seen[i] = open
		for _, name := range l.States[i].Next {
			to, known := index[name]
			if !known || seen[to] == open {
				continue
			}
			forward = append(forward, [2]int{i, to})
			if seen[to] == unseen {
				visit(to)
			}
		}
		seen[i] = done
	}
	for i := range l.States {
		if seen[i] == unseen {
			visit(i)
		}
	}
	column := make([]int, len(l.States))
	for range l.States {
		for _, move := range forward {
			column[move[1]] = max(column[move[1]], column[move[0]]+1)
		}
	}
	return column
}

// connect draws an arrow from one box to another: from the right side to the left. An
// arrow that goes back or stays in its column runs below all boxes.
func connect(from, to box, back *int, height int) arrow {
	y1, y2 := from.Y+boxHeight/2, to.Y+boxHeight/2
	if to.X > from.X {
		x1, x2 := from.X+boxWidth, to.X-6
		bend := (x2 - x1) / 2
		return arrow{
			Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2),
			X:    x2 - 14, Y: y2 - 6,
		}
	}
	*back++
	low := height + (*back-1)*2*pictureRim + pictureRim/2
	x1, x2 := from.Middle()+20, to.Middle()-20
	return arrow{
		Path: fmt.Sprintf("M%d %dL%d %dL%d %dL%d %d", x1, from.Y+boxHeight, x1, low, x2, low, x2, to.Y+boxHeight+6),
		X:    (x1 + x2) / 2, Y: low - 3,
	}
}

// inState describes the orders in a state.
func inState(s *signal.State, arrived int64, history bool) string {
	switch {
	case s.Orders.Known():
		text := capped(s.Orders, s.OrdersCapped)
		if s.Overdue > 0 {
			text += ", " + capped(s.Overdue, s.OverdueCapped) + " overdue"
		}
		return text
	case history:
		return phrase.Count(int(arrived), "order") + " came"
	default:
		return ""
	}
}

func capped(n signal.Count, more bool) string {
	if more {
		return strconv.FormatInt(int64(n), 10) + "+"
	}
	return strconv.FormatInt(int64(n), 10)
}
