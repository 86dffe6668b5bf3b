package orders_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestInvalidStatesAreRefused(t *testing.T) {
	for _, test := range []struct{ name, states, want string }{
		{"no state", "{}", "states: empty, and required"},
		{"an unknown next", "{placed: {next: [pyaid]}, paid: {}}", `states.placed.next[0]: "pyaid" is not a state of this lifecycle; did you mean paid?`},
		{"an unknown next without a similar name", "{placed: {next: [x]}, paid: {}}", `states.placed.next[0]: "x" is not a state of this lifecycle; the states are placed, paid`},
		{"a state that follows itself", "{placed: {next: [placed, paid]}, paid: {}}", "states.placed.next[0]: a state cannot follow itself; remove it"},
		{"a next given twice", "{placed: {next: [paid, paid]}, paid: {}}", `states.placed.next[1]: "paid" is given twice`},
		{"an unreachable state", "{placed: {next: [paid]}, paid: {}, lost: {next: paid}}", "states.lost: no order reaches this state from placed; add it to the next of another state, or write initial: true"},
		{"no terminal state", "{placed: {next: [paid]}, paid: {next: placed}}", "states: no state is terminal, so that no order ever ends; remove next from the last state, or write terminal: true"},
		{"a max in a terminal state", "{placed: {next: [paid]}, paid: {max: 5m}}", "states.paid.max: a terminal state has no max: an order never leaves it; add next, or remove max"},
		{"a severity of a state without max", "{placed: {next: [paid], severity: warning}, paid: {}}", "states.placed.severity: no finding is about this state, because no order is overdue in it; add max, or remove severity"},
		{"a value of two states", "{placed: {next: [paid]}, paid: {values: [P, placed]}}", `states.paid.values[1]: the value "placed" already stands for state placed`},
		{"a state without a path to an end", "{placed: {max: 1m, next: [paid, held]}, held: {max: 1m, next: stuck}, stuck: {max: 1m, next: held}, paid: {}}", "states.held: no terminal state can be reached from here; add a next that leads to one\nstates.stuck: no terminal state"},
		{"a cycle without max", "{placed: {max: 5m, next: [held, paid]}, held: {next: review}, review: {next: [held, paid]}, paid: {}}", "states.held.next: an order can stay in a cycle forever: held → review → held; set max for one of these states, or for the lifecycle"},
		{"an unknown excluded state", "{placed: {next: [paid, gone]}, paid: {excludes: gnoe}, gone: {}}", `states.paid.excludes[0]: "gnoe" is not a state of this lifecycle; did you mean gone?`},
		{"a state that excludes itself", "{placed: {next: [paid]}, paid: {excludes: paid}}", "states.paid.excludes[0]: a state cannot exclude itself; remove it"},
		{"excluded states with a path between them", "{placed: {next: [paid]}, paid: {next: held}, held: {next: gone, excludes: placed}, gone: {}}", "states.held.excludes[0]: an order may go placed → paid → held, so that the two states do not exclude each other"},
		{"an abandoned state that is not terminal", "{placed: {next: [paid], abandoned: true}, paid: {}}", "states.placed.abandoned: is allowed only in a terminal state; write terminal: true, or remove abandoned"},
		{"compensates outside a saga", "{placed: {next: [paid]}, paid: {compensates: placed}}", "states.paid.compensates: is allowed only in a saga; write kind: saga, or remove it"},
		{"failed outside a saga", "{placed: {next: [paid]}, paid: {failed: true}}", "states.paid.failed: is allowed only in a saga; write kind: saga, or remove it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(settings("sqlite:/x.db", "", "", "\n    states: "+test.states+"\n"))
			wants := strings.Split(test.want, "\n")
			for _, want := range wants {
				if err == nil || !strings.Contains(err.Error(), "lifecycles[0]."+want) {
					t.Errorf("got:  %v\nwant: %s", err, want)
				}
			}
			if err != nil && strings.Count(err.Error(), "\n") != len(wants)-1 {
				t.Errorf("one mistake is reported in several lines: %v", err)
			}
		})
	}
}

func TestInvalidSagaHistoryOrDuplicatesAreRefused(t *testing.T) {
	const good = "\n    states: {placed: {next: [paid]}, paid: {}}\n"
	for _, test := range []struct{ name, more, want string }{
		{"a step without max", "\n    kind: saga\n    states: {charging: {next: [done]}, done: {}}\n", "states.charging: a step of a saga needs max: without it a stuck saga is never found"},
		{"a step that undoes a step that does not lead to it", "\n    kind: saga\n    states: {charging: {max: 1m, next: [done, aborted]}, releasing: {max: 1m, next: aborted, initial: true, compensates: charging}, done: {}, aborted: {abandoned: true}}\n", "states.releasing.compensates[0]: no transitions lead from charging to this state, so that this state cannot undo it"},
		{"a step that undoes an unknown step", "\n    kind: saga\n    states: {charging: {max: 1m, next: [done, releasing]}, releasing: {max: 1m, next: done, compensates: chargin}, done: {}}\n", `states.releasing.compensates[0]: "chargin" is not a state of this lifecycle; did you mean charging?`},
		{"a failed state with max", "\n    kind: saga\n    states: {charging: {max: 1m, next: [done, broken]}, broken: {failed: true, max: 1m}, done: {}}\n", "states.broken.max: a failed state has no max: each saga in it needs attention; remove max"},
		{"a history without a table", good + "    history: {where: x = 1}\n", "history.table: missing"},
		{"a history with an unbalanced predicate", good + "    history: {table: moves, where: 'x = (1'}\n", "history.where: a parenthesis is not closed"},
		{"a history with other order id columns than the source", good + "    history: {table: moves, columns: {order_id: [tenant, order_id]}}\n", "history.columns.order_id: has 2 columns, and source.columns.order_id has 1; name the same columns in the same order"},
		{"a history with an empty key", good + "    history: {table: moves, columns: {key: []}}\n", "history.columns.key: an empty list; name the column that identifies a row, or remove the key, which means id"},
		{"duplicates without a key", good + "    duplicates: {within: 1h}\n", "duplicates.key: missing"},
		{"duplicates except an unknown state", good + "    duplicates: {key: k, except: [piad]}\n", `duplicates.except[0]: "piad" is not a state of this lifecycle; did you mean paid?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(settings("sqlite:/x.db", "", "", test.more))
			if err == nil || !strings.Contains(err.Error(), "lifecycles[0]."+test.want) {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "test.yml:") {
				t.Errorf("the error names no place: %v", err)
			}
		})
	}
	_, err := parse(settings("sqlite:/x.db", "", ", columns: {since: changed, updated: updated_at}", good))
	if err == nil || !strings.Contains(err.Error(), "source.columns.updated: given together with since; keep only since if it holds when the order entered its state") {
		t.Errorf("since and updated together: %v", err)
	}
	_, err = parse(settings("sqlite:/x.db", "", ", columns: {order_id: []}", good))
	if err == nil || !strings.Contains(err.Error(), "source.columns.order_id: an empty list; name the column that identifies an order, or remove the key, which means id") {
		t.Errorf("orders without an id: %v", err)
	}
	_, err = parse(settings("sqlite:/x.db", "", ", columns: {updated: updated_at}", good+"    histogram: {}\n"))
	if err == nil || !strings.Contains(err.Error(), "lifecycles[0].histogram: needs a column that holds when the order entered its state") {
		t.Errorf("a histogram without a column for since: %v", err)
	}
}

func TestErrorsNameTheMistake(t *testing.T) {
	for _, test := range []struct {
		name   string
		source string
		want   []string
	}{
		{
			"a missing column", ", columns: {state: status, since: changed}",
			[]string{`no column "status"`, "did you mean state?", "source.columns.state in the config", `no column "changed"`, "its columns are id, state, updated_at, traceparent, kind"},
		},
		{"a predicate with a missing column", ", where: channel = 3", []string{"channel", "count orders in state placed, count orders in state paid"}},
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
