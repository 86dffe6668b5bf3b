package phrase

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// fate is what happens to the orders and messages of a failure mode, as the headline says it.
type fate struct {
	one, many string // of what: "order", "orders"
	is, are   string // "is stuck", "are stuck"
}

var (
	messagesLost   = fate{"message", "messages", "is lost", "are lost"}
	eventsMissing  = fate{"event", "events", "is missing", "are missing"}
	ordersStuck    = fate{"order", "orders", "is stuck", "are stuck"}
	eventsStuck    = fate{"event", "events", "is not published", "are not published"}
	messagesStuck  = fate{"message", "messages", "is stuck", "are stuck"}
	ordersWrong    = fate{"order", "orders", "is wrong", "are wrong"}
	messagesFailed = fate{"message", "messages", "is in a dead letter queue", "are in dead letter queues"}
	messagesRisk   = fate{"message", "messages", "will be lost", "will be lost"}
)

// fates are in the order of their weight: the headline begins with the worst.
var fates = []fate{messagesLost, eventsMissing, ordersStuck, ordersWrong, eventsStuck, messagesStuck, messagesRisk, messagesFailed}

// fateOf says what a mode does to orders. A mode that has none, such as a missing dead letter
// queue, is counted as a finding.
var fateOf = map[signal.Mode]fate{
	signal.MessageLost: messagesLost, signal.EventMissing: eventsMissing,
	signal.OrderOverdue: ordersStuck, signal.SagaStuck: ordersStuck, signal.CompensationFailed: ordersStuck, signal.OrderStateUnknown: ordersStuck,
	signal.OrderConflict: ordersWrong, signal.OrderDuplicate: ordersWrong, signal.EffectDuplicate: ordersWrong, signal.OrderUnmatched: ordersWrong, signal.ReplicaDivergence: ordersWrong,
	signal.OutboxStalled:  eventsStuck,
	signal.ConsumerAbsent: messagesStuck, signal.ConsumerStalled: messagesStuck, signal.RetryLoop: messagesStuck, signal.BacklogGrowing: messagesStuck, signal.MessageOverdue: messagesStuck, signal.TransactionHanging: messagesStuck,
	signal.MessageExpiring: messagesRisk, signal.DLQFilling: messagesFailed,
}

// mostFates is how many kinds of harm the headline names.
const mostFates = 2

// place is where orders are: two findings about one lifecycle may name the same orders.
type place struct {
	fate
	database, lifecycle string
}

// toll is how much one mode does in one place.
type toll struct {
	count   int64
	atStake signal.Stake
	unsaid  bool // what some of it is worth is unknown
}

// tollOf is the toll of one finding.
func tollOf(f *signal.Finding) toll {
	whole := f.AtStake.Coverage == signal.CoversAll && f.AtStake.Orders() >= f.Count
	return toll{f.Count, f.AtStake, !whole}
}

func (t toll) plus(o toll) toll {
	return toll{t.count + o.count, t.atStake.Plus(o.atStake), t.unsaid || o.unsaid}
}

// Harm says what findings do to orders, the worst first, and what the orders are worth: "132
// orders are stuck, € 18,240.50". It is empty where no finding affects any.
func Harm(findings []signal.Finding) string {
	byFate := map[fate]toll{}
	for p, t := range tolls(findings) {
		byFate[p.fate] = byFate[p.fate].plus(t)
	}
	var named []fate
	for _, kind := range fates {
		if byFate[kind].count > 0 && len(named) < mostFates {
			named = append(named, kind)
		}
	}
	parts := make([]string, len(named))
	for i, kind := range named {
		t := byFate[kind]
		parts[i] = kind.of(t.count)
		switch money := t.money(); {
		case money == "":
		case len(named) == 1:
			parts[i] += ", " + money
		default:
			parts[i] += " (" + money + ")"
		}
	}
	return strings.Join(parts, " and ")
}

// tolls counts by place what findings affect. Orders that two modes of one lifecycle name
// count once.
func tolls(findings []signal.Finding) map[place]toll {
	byMode := map[place]map[signal.Mode]toll{}
	for i := range findings {
		f := &findings[i]
		kind, known := fateOf[f.Mode]
		if !known || f.Count <= 0 {
			continue
		}
		p := place{fate: kind, database: f.Subject.Database, lifecycle: f.Subject.Lifecycle}
		if byMode[p] == nil {
			byMode[p] = map[signal.Mode]toll{}
		}
		byMode[p][f.Mode] = byMode[p][f.Mode].plus(tollOf(f))
	}
	all := map[place]toll{}
	for p, modes := range byMode {
		for _, mode := range slices.Sorted(maps.Keys(modes)) {
			t, sum := modes[mode], all[p]
			switch {
			case p.lifecycle == "":
				all[p] = sum.plus(t)
			case t.count > sum.count, t.count == sum.count && sum.unsaid:
				all[p] = t
			}
		}
	}
	return all
}

// money is what the orders are worth, by currency; empty where nothing is known.
func (t toll) money() string {
	if len(t.atStake.Amounts) == 0 {
		return ""
	}
	texts := make([]string, len(t.atStake.Amounts))
	for i, a := range t.atStake.Amounts {
		texts[i] = Money(a.Currency, a.Value)
	}
	text := strings.Join(texts, " and ")
	if t.unsaid {
		text = "at least " + text
	}
	return text
}

func (f fate) of(n int64) string {
	if n == 1 {
		return "1 " + f.one + " " + f.is
	}
	return Grouped(n) + " " + f.many + " " + f.are
}

// Grouped writes a number with separators: 12,345.
func Grouped(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// grouped adds the separators to digits.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Headline says in one line what open findings do, and since when. There is at least one.
func Headline(open []signal.Finding, now time.Time) string {
	text := Harm(open)
	if text == "" {
		text = Count(len(open), "open finding")
	}
	since := Oldest(open)
	if since.IsZero() {
		return text
	}
	word := ", oldest since "
	if len(open) == 1 && !strings.Contains(text, ", ") {
		word = " since "
	} else if len(open) == 1 {
		word = ", since "
	}
	return text + word + Clock(since, now) + " (" + Ago(now.Sub(since)) + ")"
}

// Oldest is since when findings hold; zero where that is unknown.
func Oldest(findings []signal.Finding) (since time.Time) {
	for i := range findings {
		if s := findings[i].Since; !s.IsZero() && (since.IsZero() || s.Before(since)) {
			since = s
		}
	}
	return since
}
