package test

import (
	"fmt"
	"html"
	"os"
	"strings"
	"testing"
)

// box is a thing in the picture of the whole. Its place is in units of the grid.
type box struct {
	name, below string
	x, y, w     int
	ours        bool
}

// TestConceptsPictureIsCurrent draws the picture of docs/concepts.md: a shop, and what
// lostorder reads of it.
func TestConceptsPictureIsCurrent(t *testing.T) {
	const file = "../docs/pictures/concepts.svg"
	drawn := conceptsPicture()
	if *update {
		if err := os.WriteFile(file, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, file) != drawn {
		t.Errorf("%s is not what the test draws; run make generate", file)
	}
}

const (
	unit   = 40 // pixels of the grid
	height = 56 // of a box
)

func conceptsPicture() string {
	boxes := map[string]box{
		"shop":     {"storefront", "places orders", 0, 0, 4, false},
		"db":       {"database", "orders + outbox", 6, 0, 4, false},
		"relay":    {"relay", "publishes events", 12, 0, 4, false},
		"broker":   {"broker", "queue → consumer", 18, 0, 4, false},
		"payments": {"database", "payments", 24, 0, 4, false},
		"dlq":      {"dead letter queue", "what failed", 24, 2, 4, false},
		"lost":     {"lostorder", "collectors → signals → decisions → findings", 6, 5, 18, true},
		"people":   {"page, API, explain", "which order, why", 4, 8, 6, false},
		"prom":     {"Prometheus", "metrics, rules, alerts", 11, 8, 6, false},
		"otlp":     {"OpenTelemetry, webhooks", "findings as events", 18, 8, 6, false},
	}
	order := []string{"shop", "db", "relay", "broker", "payments", "dlq", "lost", "people", "prom", "otlp"}
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -10 1140 410" font-family="sans-serif" font-size="14" role="img" aria-labelledby="title">` + "\n")
	b.WriteString(`<title id="title">The way of an order through a shop, and the places that lostorder reads</title>` + "\n")
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#555"/></marker></defs>` + "\n")
	b.WriteString(`<rect x="-10" y="-10" width="1140" height="410" fill="#fff"/>` + "\n")
	across := func(from, to string) {
		f, g := boxes[from], boxes[to]
		fmt.Fprintf(&b, `<path d="M%d %d L%d %d" stroke="#555" stroke-width="2" fill="none" marker-end="url(#tip)"/>`+"\n",
			(f.x+f.w)*unit, f.y*unit+height/2, g.x*unit, g.y*unit+height/2)
	}
	across("shop", "db")
	across("db", "relay")
	across("relay", "broker")
	across("broker", "payments")
	across("broker", "dlq")
	for _, name := range []string{"db", "relay", "broker", "dlq", "payments"} { // what is read
		f := boxes[name]
		x := (f.x + f.w/2) * unit
		at := min(max(x, 7*unit), 23*unit)
		if name == "payments" {
			x = f.x*unit + 10
			at = 22 * unit
		}
		fmt.Fprintf(&b, `<path d="M%d %d L%d %d" stroke="#0072b2" stroke-width="1.5" stroke-dasharray="5 4" fill="none"/>`+"\n", at, 5*unit, x, f.y*unit+height)
	}
	for _, name := range []string{"people", "prom", "otlp"} {
		f := boxes[name]
		x := (f.x + f.w/2) * unit
		fmt.Fprintf(&b, `<path d="M%d %d V%d" stroke="#555" stroke-width="2" fill="none" marker-end="url(#tip)"/>`+"\n", x, 5*unit+height, f.y*unit)
	}
	for _, name := range order {
		x := boxes[name]
		fill, line := "#f5f5f5", "#555"
		if x.ours {
			fill, line = "#e3f1fa", "#0072b2"
		}
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" rx="6" fill="%s" stroke="%s"/>`+"\n", x.x*unit, x.y*unit, x.w*unit, height, fill, line)
		middle := x.x*unit + x.w*unit/2
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle" font-weight="bold" fill="#222">%s</text>`+"\n", middle, x.y*unit+23, html.EscapeString(x.name))
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle" fill="#444">%s</text>`+"\n", middle, x.y*unit+43, html.EscapeString(x.below))
	}
	fmt.Fprintf(&b, `<text x="0" y="%d" fill="#0072b2">- - - reads, and changes nothing</text>`+"\n", 4*unit)
	b.WriteString("</svg>\n")
	return b.String()
}
