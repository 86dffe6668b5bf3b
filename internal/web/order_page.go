package web

import (
	"bytes"
	_ "embed" // the page
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/web/api"
)

//go:embed order.html
var orderHTML string

var orderTemplate = template.Must(template.New("order").Parse(orderHTML))

// largestForm is the most that a form may hold; an order id is shorter.
const largestForm = 4 << 10

// orderPage is the page with the trail of one order, or with the form alone.
type orderPage struct {
	Style    template.CSS
	Root     string
	Private  bool
	Problem  string // why nothing was looked up
	Order    *api.Order
	Lanes    swimlanes
	Events   []eventRow
	Expected []expectedRow
	Gaps     []gapRow
	Now      string
	Version  string
}

type eventRow struct {
	*api.OrderEvent
	Number     int
	Clock, ISO string
	Where      string
	Wrong      string // the class of the row
}

type expectedRow struct {
	*api.OrderExpectation
	Clock, ISO string
	Where      string
	Late       string
}

type gapRow struct {
	api.OrderGap
	Where string
}

// searchOrder answers the form. A plain id leads to a page of its own, which can be sent to
// others; one that is to be hashed is looked up at once, so that it is in no address.
func (s *server) searchOrder(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, largestForm)
	id := r.PostFormValue("id")
	if id == "" || s.Explainer().Private() {
		s.showOrder(w, r, id, "./")
		return
	}
	w.Header().Set("Location", "orders/"+url.PathEscape(id)) // relative: it holds behind every proxy
	w.WriteHeader(http.StatusSeeOther)
}

// orderByPath shows the order of the address. Where ids are hashed it shows the form only.
func (s *server) orderByPath(w http.ResponseWriter, r *http.Request) {
	root := "../"
	if s.Explainer().Private() {
		s.renderOrder(w, r, http.StatusBadRequest, orderPage{Root: root, Problem: "Order ids are hashed here. Type the id into the form: it is looked up, and neither stored nor shown."})
		return
	}
	s.showOrder(w, r, r.PathValue("id"), root)
}

func (s *server) showOrder(w http.ResponseWriter, r *http.Request, id, root string) {
	p, now := orderPage{Root: root}, s.Now()
	order, err := s.lookUp(r.Context(), id)
	if err != nil {
		if errors.Is(err, explain.ErrTooMany) {
			w.Header().Set("Retry-After", "1")
		}
		p.Problem = err.Error()
		s.renderOrder(w, r, lookUpStatus(err), p)
		return
	}
	p.Order, p.Lanes = order, drawOrder(order, now)
	for i := range order.Events {
		event := &order.Events[i]
		row := eventRow{OrderEvent: event, Number: i + 1, Clock: "not known", Where: order.Places[event.Place].String()}
		if !event.At.IsZero() {
			row.Clock, row.ISO = stamp(event.At, now), event.At.UTC().Format(time.RFC3339Nano)
		}
		if wrong(event.Kind) {
			row.Wrong = "bad"
		}
		p.Events = append(p.Events, row)
	}
	for i := range order.Expected {
		x := &order.Expected[i]
		row := expectedRow{OrderExpectation: x, Clock: stamp(x.By, now), ISO: x.By.UTC().Format(time.RFC3339), Where: order.Places[x.Place].String()}
		if x.Overdue {
			row.Late = phrase.Ago(now.Sub(x.By)) + " overdue"
		}
		p.Expected = append(p.Expected, row)
	}
	for i := range order.Places {
		for _, gap := range order.Places[i].Gaps {
			p.Gaps = append(p.Gaps, gapRow{gap, order.Places[i].String()})
		}
	}
	s.renderOrder(w, r, http.StatusOK, p)
}

// stamp is a moment with its day and its seconds.
func stamp(t, now time.Time) string { return t.In(now.Location()).Format("2 Jan 2006 15:04:05") }

func (s *server) renderOrder(w http.ResponseWriter, r *http.Request, code int, p orderPage) {
	p.Style = template.CSS(statusCSS) //nolint:gosec // embedded, not given
	p.Private, p.Now, p.Version = s.Explainer().Private(), s.Now().Format("2 Jan 2006 15:04:05 MST"), s.Version
	var body bytes.Buffer
	if err := orderTemplate.Execute(&body, p); err != nil {
		s.Log.Error("render the page of an order", "err", err)
		http.Error(w, "render the page of an order", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if _, err := w.Write(body.Bytes()); err != nil {
		s.Log.DebugContext(r.Context(), "send the page of an order", "err", err)
	}
}
