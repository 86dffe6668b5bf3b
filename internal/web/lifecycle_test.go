package web_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestLifecyclesAreDrawnWithCountsOnTheArrows(t *testing.T) {
	s := calm()
	s.Targets[1].Reading.Lifecycles = []signal.Lifecycle{{
		Name: "order", Database: "shop",
		States: []signal.State{
			{Name: "placed", Next: []string{"paid", "cancelled"}, Orders: 12, Overdue: 2},
			{Name: "paid", Next: []string{"shipped", "placed"}, Orders: 1000, OrdersCapped: true},
			{Name: "shipped", Terminal: true, Orders: signal.Unknown, Overdue: signal.Unknown},
			{Name: "cancelled <b>", Terminal: true, Orders: signal.Unknown, Overdue: signal.Unknown},
		},
		History: &signal.History{Transitions: []signal.Transition{{From: "placed", To: "paid", Orders: 417}, {From: "paid", To: "shipped", Orders: 400}}},
	}, {Name: "plain", Database: "shop", States: []signal.State{{Name: "a", Next: []string{"b"}, Orders: 3}, {Name: "b", Terminal: true, Orders: signal.Unknown}}}}
	_, page := do(t, handler(s), http.MethodGet, "/")
	first := between(page, `class="scroll lifecycle">`, "</figure>")
	for _, want := range []string{
		"<figcaption>order <span>(database shop)</span>", ">placed</text>", ">12, 2 overdue</text>", ">1000&#43;</text>",
		">417</text>", ">400 orders came</text>", `class="state bad"`, `class="state end"`, "cancelled &lt;b&gt;", ">0</text>",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("the picture has no %s:\n%s", want, first)
		}
	}
	if n := strings.Count(first, `class="move"`); n != 3 { // a next that is no state here is left out
		t.Errorf("%d arrows", n)
	}
	if strings.Contains(first, "style=") {
		t.Error("a style of its own is what the content security policy refuses")
	}
	_, svg, _ := strings.Cut(first, "<svg")
	svg, _, _ = strings.Cut(svg, "</svg>")
	dec := xml.NewDecoder(strings.NewReader("<svg" + svg + "</svg>"))
	for {
		if _, err := dec.Token(); err == io.EOF { //nolint:errorlint // as the package says it
			break
		} else if err != nil {
			t.Fatalf("the picture is not well formed: %v", err)
		}
	}
	if !strings.Contains(page, "<figcaption>plain") || strings.Contains(between(page, "<figcaption>plain", "</figure>"), `class="count"`) {
		t.Error("without a history nothing is counted on the arrows")
	}
}
