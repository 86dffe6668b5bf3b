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
		{"a trap", "{placed: {max: 1m, next: [paid, held]}, held: {max: 1m, next: stuck}, stuck: {max: 1m, next: held}, paid: {}}", "states.held: no way leads from here to an end; name a state in its next that leads to one\nstates.stuck: no way"},
		{"a cycle without a bound", "{placed: {max: 5m, next: [held, paid]}, held: {next: review}, review: {next: [held, paid]}, paid: {}}", "states.held.next: an order may go round for ever: held → review → held; give one of these states max, or the lifecycle"},
		{"an excluded state that is none", "{placed: {next: [paid, gone]}, paid: {excludes: gnoe}, gone: {}}", `states.paid.excludes[0]: "gnoe" is no state of this lifecycle; did you mean gone?`},
		{"a state that excludes itself", "{placed: {next: [paid]}, paid: {excludes: paid}}", "states.paid.excludes[0]: a state does not exclude itself; take it out"},
		{"excluded states with a way between them", "{placed: {next: [paid]}, paid: {next: held}, held: {next: gone, excludes: placed}, gone: {}}", "states.held.excludes[0]: an order may go placed → paid → held, so the two do not exclude each other"},
		{"an end that is none", "{placed: {next: [paid], abandoned: true}, paid: {}}", "states.placed.abandoned: the state is no end; write terminal: true, or take abandoned out"},
		{"a compensation outside of a saga", "{placed: {next: [paid]}, paid: {compensates: placed}}", "states.paid.compensates: says something of sagas only; write kind: saga, or take it out"},
		{"a failure outside of a saga", "{placed: {next: [paid]}, paid: {failed: true}}", "states.paid.failed: says something of sagas only; write kind: saga, or take it out"},
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
				t.Errorf("one mistake is said in several lines: %v", err)
			}
		})
	}
}

func TestBadConfigOfSagasHistoriesAndDuplicates(t *testing.T) {
	const good = "\n    states: {placed: {next: [paid]}, paid: {}}\n"
	for _, test := range []struct{ name, more, want string }{
		{"a step without a longest time", "\n    kind: saga\n    states: {charging: {next: [done]}, done: {}}\n", "states.charging: a saga that may stay here as long as it likes is never stuck; give the step max"},
		{"a step that undoes what cannot lead to it", "\n    kind: saga\n    states: {charging: {max: 1m, next: [done, aborted]}, releasing: {max: 1m, next: aborted, initial: true, compensates: charging}, done: {}, aborted: {abandoned: true}}\n", "states.releasing.compensates[0]: no way leads from charging to here, so it cannot be undone here"},
		{"a step that undoes one that is none", "\n    kind: saga\n    states: {charging: {max: 1m, next: [done, releasing]}, releasing: {max: 1m, next: done, compensates: chargin}, done: {}}\n", `states.releasing.compensates[0]: "chargin" is no state of this lifecycle; did you mean charging?`},
		{"a failed state with a longest time", "\n    kind: saga\n    states: {charging: {max: 1m, next: [done, broken]}, broken: {failed: true, max: 1m}, done: {}}\n", "states.broken.max: the state is failed, so nothing may be in it at all; take max out"},
		{"a history without a table", good + "    history: {where: x = 1}\n", "history.table: missing"},
		{"a history with half a predicate", good + "    history: {table: moves, where: 'x = (1'}\n", "history.where: a parenthesis is not closed"},
		{"a history that tells orders apart by less than the source", good + "    history: {table: moves, columns: {order_id: [tenant, order_id]}}\n", "history.columns.order_id: has 2 columns, and source.columns.order_id has 1; name here, too, all that tell orders apart, in the same order"},
		{"a history whose rows have no key", good + "    history: {table: moves, columns: {key: []}}\n", "history.columns.key: an empty list; name the column that tells rows apart, or leave it out, which is id"},
		{"duplicates without a key", good + "    duplicates: {within: 1h}\n", "duplicates.key: missing"},
		{"duplicates except a state that is none", good + "    duplicates: {key: k, except: [piad]}\n", `duplicates.except[0]: "piad" is no state of this lifecycle; did you mean paid?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(settings("sqlite:/x.db", "", "", test.more))
			if err == nil || !strings.Contains(err.Error(), "lifecycles[0]."+test.want) {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "test.yml:") {
				t.Errorf("the place is not told: %v", err)
			}
		})
	}
	_, err := parse(settings("sqlite:/x.db", "", ", columns: {since: changed, updated: updated_at}", good))
	if err == nil || !strings.Contains(err.Error(), "source.columns.updated: given together with since; keep since, if it is when the order entered its state") {
		t.Errorf("since and updated together: %v", err)
	}
	_, err = parse(settings("sqlite:/x.db", "", ", columns: {order_id: []}", good))
	if err == nil || !strings.Contains(err.Error(), "source.columns.order_id: an empty list; name the column that tells orders apart, or leave it out, which is id") {
		t.Errorf("orders without an id: %v", err)
	}
	_, err = parse(settings("sqlite:/x.db", "", ", columns: {updated: updated_at}", good+"    histogram: {}\n"))
	if err == nil || !strings.Contains(err.Error(), "lifecycles[0].histogram: no column says since when an order is in its state") {
		t.Errorf("a histogram of a table that does not say since when: %v", err)
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
