package explain

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web/api"
)

const (
	// atOnce is how many targets one look-up asks at the same time.
	atOnce = 8
	// budget is how long one look-up may take in all.
	budget = 15 * time.Second
	// perSecond and burst limit the look-ups of one process; each costs every target a query.
	perSecond, burst = 1, 5
)

// Errors of a look-up that asked nothing.
var (
	ErrBadID   = errors.New("not an order id: it is empty, longer than 256 bytes, or holds characters that cannot be printed")
	ErrTooMany = errors.New("too many look-ups; wait a second and try again")
)

// Target is one target of the configuration, and how to look up an order in it.
type Target struct {
	ID    signal.TargetID
	Trail func(ctx context.Context, orderID string) ([]signal.Place, error)
}

// Options are what an Explainer is made of.
type Options struct {
	Targets []Target
	Veil    *privacy.Veil // nil: ids are shown
	Tracing Tracing
	Now     func() time.Time // time.Now when nil; its location is that of the summary
	Limit   *rate.Limiter    // NewLimit() when nil
}

// Explainer looks up orders.
type Explainer struct{ Options }

// NewLimit returns the limit of look-ups of one process.
func NewLimit() *rate.Limiter { return rate.NewLimiter(perSecond, burst) }

// New returns an Explainer.
func New(o Options) *Explainer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limit == nil {
		o.Limit = NewLimit()
	}
	return &Explainer{o}
}

// Private reports whether order ids are hashed.
func (e *Explainer) Private() bool { return e.Veil != nil }

// Order looks up one order in all targets. Its answer names the order by its id, or by the hash of
// the id under privacy.
func (e *Explainer) Order(ctx context.Context, id string) (*api.Order, error) {
	if id == "" || len(id) > untrusted.LongestID || !utf8.ValidString(id) || slices.ContainsFunc([]rune(id), func(r rune) bool { return !unicode.IsPrint(r) }) {
		return nil, ErrBadID
	}
	if !e.Limit.Allow() {
		return nil, ErrTooMany
	}
	found := e.ask(ctx, id)
	for i := range found {
		e.Veil.Places(found[i].places, id)
	}
	return e.assemble(e.Veil.ID(id), found), nil
}

// answer is what one target answered.
type answer struct {
	target signal.TargetID
	places []signal.Place
}

// ask asks all targets and waits for all answers, in the order of the targets.
func (e *Explainer) ask(ctx context.Context, id string) []answer {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	answers := make([]answer, len(e.Targets))
	var all errgroup.Group
	all.SetLimit(atOnce)
	for i, t := range e.Targets {
		all.Go(func() error {
			places, err := t.Trail(ctx, id)
			if err != nil && !slices.ContainsFunc(places, func(p signal.Place) bool { return p.Err != nil }) {
				places = append(places, signal.Place{Store: t.ID.Collector, Name: t.ID.Target, Err: err})
			}
			answers[i] = answer{t.ID, places}
			return nil
		})
	}
	_ = all.Wait() // each answer has its own error
	return answers
}

// assemble makes the answer of what the targets found.
func (e *Explainer) assemble(id string, answers []answer) *api.Order {
	now := e.Now()
	o := &api.Order{
		ID: id, Hashed: e.Private(), At: now.UTC(),
		Events: []api.OrderEvent{}, Expected: []api.OrderExpectation{}, Places: []api.OrderPlace{}, Traces: []api.OrderTrace{},
	}
	for _, a := range answers {
		for i := range a.places {
			e.add(o, a.target, &a.places[i], now)
		}
	}
	slices.SortStableFunc(o.Events, func(a, b api.OrderEvent) int {
		if a.At.IsZero() != b.At.IsZero() { // those without a time come last
			return cmp.Compare(b.At.UnixMilli(), a.At.UnixMilli())
		}
		return a.At.Compare(b.At)
	})
	slices.SortStableFunc(o.Expected, func(a, b api.OrderExpectation) int { return a.By.Compare(b.By) })
	for _, event := range o.Events {
		if event.TraceID != "" && !slices.ContainsFunc(o.Traces, func(t api.OrderTrace) bool { return t.ID == event.TraceID }) {
			o.Traces = append(o.Traces, api.OrderTrace{ID: event.TraceID, URL: e.Tracing.Trace(event.TraceID)})
		}
	}
	o.Summary = summary(o, now)
	untrusted.Value(o)
	return o
}

// add adds a place to the answer. Places of several targets may be the same: a table of
// orders is a side of a reconciliation, too.
func (e *Explainer) add(o *api.Order, target signal.TargetID, p *signal.Place, now time.Time) {
	n := slices.IndexFunc(o.Places, func(known api.OrderPlace) bool { return known.Store == p.Store && known.Name == p.Name })
	if n < 0 {
		n = len(o.Places)
		o.Places = append(o.Places, api.OrderPlace{Store: p.Store, Name: p.Name, Sources: []string{}, Gaps: []api.OrderGap{}})
	}
	place := &o.Places[n]
	source := target.String()
	if !slices.Contains(place.Sources, source) {
		place.Sources = append(place.Sources, source)
	}
	place.Holds = cmp.Or(place.Holds, p.Holds)
	place.Searched = cmp.Or(place.Searched, p.Searched)
	if p.Err != nil {
		gap := api.OrderGap{Source: source, Reason: p.Err.Error()}
		remedies := signal.Remedies(p.Err)
		for _, r := range remedies {
			gap.Remedies = append(gap.Remedies, r.Text)
		}
		place.Gaps = append(place.Gaps, gap)
	}
	for _, event := range p.Events {
		one := api.OrderEvent{
			At: event.At.Time(), Place: n, Source: source, Kind: event.Kind, What: event.What,
			Detail: event.Detail, Key: untrusted.ID(event.Key), TraceID: event.TraceID,
		}
		if !slices.ContainsFunc(o.Events, func(other api.OrderEvent) bool { return same(other, one) }) {
			o.Events = append(o.Events, one)
			place.Events++
		}
	}
	for _, x := range p.Expected {
		o.Expected = append(o.Expected, api.OrderExpectation{
			What: x.What, By: x.By.Time(), Place: n, Source: source, Overdue: x.By.Known() && now.After(x.By.Time()),
		})
	}
}

// same reports whether two sources show the same event of a place.
func same(a, b api.OrderEvent) bool {
	return a.Place == b.Place && a.Kind == b.Kind && a.At.Equal(b.At) && a.What == b.What && a.Key == b.Key
}
