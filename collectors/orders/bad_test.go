package orders_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestBadConfig(t *testing.T) {
	for _, test := range []struct{ name, states, want string }{
		{"no state", "{}", "states: empty, and required"},
		{"a next that is no state", "{placed: {next: [pyaid]}, paid: {}}", `states.placed.next[0]: "pyaid" is no state of this lifecycle; did you mean paid?`},
		{"a next that is like none", "{placed: {next: [x]}, paid: {}}", `states.placed.next[0]: "x" is no state of this lifecycle; those are: placed, paid`},
		{"a state that leads to itself", "{placed: {next: [placed, paid]}, paid: {}}", "states.placed.next[0]: a state does not lead to itself; take it out"},
		{"a next that is there twice", "{placed: {next: [paid, paid]}, paid: {}}", `states.placed.next[1]: "paid" is there twice`},
		{"a state that nothing leads to", "{placed: {next: [paid]}, paid: {}, lost: {next: paid}}", "states.lost: no order can come here from placed; name it in the next of another state, or write initial: true"},
		{"no end", "{placed: {next: [paid]}, paid: {next: placed}}", "states: no state is terminal, so no order is ever done; leave out next, or write terminal: true, where it is"},
		{"a max where orders stay", "{placed: {next: [paid]}, paid: {max: 5m}}", "states.paid.max: the state is terminal, so an order stays in it for ever; give it next, or take max out"},
		{"a value of two states", "{placed: {next: [paid]}, paid: {values: [P, placed]}}", `states.paid.values[1]: the value "placed" stands for the state placed already`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(settings("sqlite:/x.db", "", "", "\n    states: "+test.states+"\n"))
			if err == nil || !strings.Contains(err.Error(), "lifecycles[0]."+test.want) {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("one mistake is said in several lines: %v", err)
			}
		})
	}
}

func TestWhatIsWrongIsSaidClearly(t *testing.T) {
	for _, test := range []struct {
		name   string
		source string
		want   []string
	}{
		{
			"a column that is not there", ", columns: {state: status, since: changed}",
			[]string{`no column "status"`, "did you mean state?", "source.columns.state in the config", `no column "changed"`, "its columns are id, state, updated_at, traceparent, kind"},
		},
		{"a predicate about a column that is not there", ", where: channel = 3", []string{"channel", "count orders in state placed, count orders in state paid"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
				makeTable(t, s)
				add(t, s, "a", "placed", time.Minute)
				r := read(t, settings(s.URL, "", test.source, states))
				if r.Err == nil || !r.Empty() {
					t.Fatalf("the error is %v, and something was read: %v", r.Err, !r.Empty())
				}
				t.Log(r.Err)
				for _, want := range test.want {
					if !strings.Contains(r.Err.Error(), want) {
						t.Errorf("the error does not say %q", want)
					}
				}
			})
		})
	}
}
