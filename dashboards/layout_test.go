package dashboards_test

import (
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const (
	columns = 24
	screen  = 20 // rows of the grid that a screen shows without scrolling
)

// TestLayoutIsTight demands that panels do not overlap, that there is no hole, and
// that nothing is wider than the grid.
func TestLayoutIsTight(t *testing.T) {
	for _, d := range all(t) {
		t.Run(d.File, func(t *testing.T) {
			taken := map[[2]uint32]string{}
			bottom := uint32(0)
			for _, p := range d.Model.Panels {
				at, title := place(p)
				if at == nil || at.W == 0 || at.H == 0 {
					t.Fatalf("%q has no place", title)
				}
				if at.X+at.W > columns {
					t.Errorf("%q ends in column %d of %d", title, at.X+at.W, columns)
				}
				for x := at.X; x < at.X+at.W; x++ {
					for y := at.Y; y < at.Y+at.H; y++ {
						if other, is := taken[[2]uint32{x, y}]; is {
							t.Fatalf("%q overlaps %q in column %d, row %d", title, other, x, y)
						}
						taken[[2]uint32{x, y}] = title
					}
				}
				bottom = max(bottom, at.Y+at.H)
			}
			for y := range bottom {
				for x := range uint32(columns) {
					if _, is := taken[[2]uint32{x, y}]; !is {
						t.Fatalf("nothing is in column %d, row %d", x, y)
					}
				}
			}
		})
	}
}

// TestFirstDashboardFitsAScreen demands that the answer needs no scrolling.
func TestFirstDashboardFitsAScreen(t *testing.T) {
	first := all(t)[0]
	if *first.Model.Title != "Are we losing orders?" {
		t.Fatalf("the first dashboard is %q", *first.Model.Title)
	}
	for _, p := range first.Model.Panels {
		if at, title := place(p); at.Y+at.H > screen {
			t.Errorf("%q ends in row %d; a screen has %d", title, at.Y+at.H, screen)
		}
	}
}

func place(p dashboard.PanelOrRowPanel) (*dashboard.GridPos, string) {
	if p.RowPanel != nil {
		return p.RowPanel.GridPos, *p.RowPanel.Title
	}
	return p.Panel.GridPos, *p.Panel.Title
}
