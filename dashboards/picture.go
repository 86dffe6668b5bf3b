package dashboards

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/lostorder/lostorder/internal/phrase"
)

// The sizes of the picture, in pixels.
const (
	cell = 40 // a column of the grid
	line = 28 // a row of it
	gap  = 3
)

// Picture draws the layout of the dashboard as SVG: each panel where it is, with its
// title and kind. A reviewer sees a change of the layout in a diff.
func (d *Dashboard) Picture() []byte {
	var b strings.Builder
	y := uint32(0)
	for i := range d.Model.Panels {
		p := &d.Model.Panels[i]
		if p.Panel != nil {
			box(&b, p.Panel)
			y = max(y, p.Panel.GridPos.Y+p.Panel.GridPos.H)
			continue
		}
		row := p.RowPanel
		sign := "▾ "
		if row.Collapsed {
			sign = "▸ "
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", 2*gap, row.GridPos.Y*line+line*2/3, escape(sign+*row.Title))
		y = max(y, row.GridPos.Y+1)
		for j := range row.Panels {
			fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#6b7280">%s</text>`+"\n", 8*cell+int(row.Panels[j].GridPos.X)*cell*2/3, row.GridPos.Y*line+line*2/3, escape(phrase.Cut(*row.Panels[j].Title, 26)))
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" font-family="sans-serif" font-size="12">
<title>%[3]s</title>
<rect width="%[1]d" height="%[2]d" fill="#ffffff"/>
%[4]s</svg>
`, columns*cell, y*line, escape(*d.Model.Title), b.String())
}

func box(b *strings.Builder, p *dashboard.Panel) {
	at := p.GridPos
	y := at.Y
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="3" fill="#f3f4f6" stroke="#9ca3af"/>`+"\n", at.X*cell+gap, y*line+gap, at.W*cell-2*gap, at.H*line-2*gap)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", at.X*cell+3*gap, y*line+20, escape(phrase.Cut(*p.Title, int(at.W)*cell/8)))
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="#6b7280">%s, %d × %d</text>`+"\n", at.X*cell+3*gap, y*line+37, p.Type, at.W, at.H)
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}
