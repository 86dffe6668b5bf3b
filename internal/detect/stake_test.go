package detect_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestFindingsSayHowMuchMoneyIsAtStake(t *testing.T) {
	euros := func(value signal.Decimal, orders int64) signal.Stake {
		return signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: value, Orders: orders}}, Coverage: signal.CoversAll}
	}
	capped := euros("7", 1)
	capped.Coverage = signal.CoversCounted
	for sentence, c := range map[string]struct {
		report signal.Report
		mode   signal.Mode
		want   signal.Stake
		text   string
	}{
		"overdue orders": {
			signal.Report{Lifecycles: []signal.Lifecycle{{Name: "order", States: []signal.State{{Name: "placed", Max: time.Minute, Orders: 132, Overdue: 132, AtStake: euros("18240.5", 132)}}}}},
			signal.OrderOverdue, euros("18240.5", 132), "€ 18,240.50 in 132 orders",
		},
		"two kinds of mismatches, one of them capped": {
			signal.Report{Reconciliations: []signal.Reconciliation{{Name: "payments", Mismatches: []signal.Mismatches{
				{Kind: signal.MissingRight, Count: 1, Sample: []signal.OrderRef{{ID: "A-1"}}, AtStake: euros("0.1", 1)},
				{Kind: signal.MissingLeft, Count: 1, Sample: []signal.OrderRef{{ID: "A-2"}}, AtStake: capped},
			}}}},
			signal.OrderUnmatched,
			signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "7.1", Orders: 2}}, Coverage: signal.CoversCounted},
			"at least € 7.10 in 2 orders",
		},
		"orders in a state that is not declared": {
			signal.Report{Lifecycles: []signal.Lifecycle{{
				Name: "order", UndeclaredListed: true, UndeclaredStates: []string{"FRAUD"}, States: []signal.State{{Name: "placed", Max: time.Second}},
				Undeclared: []signal.State{{Name: "FRAUD", Orders: 2, AtStake: euros("500", 2)}},
			}}},
			signal.OrderStateUnknown, euros("500", 2), "€ 500.00 in 2 orders",
		},
		"orders with a conflict, one of them of unknown worth": {
			signal.Report{Lifecycles: []signal.Lifecycle{{Name: "order", History: &signal.History{Conflicts: []signal.Conflict{
				{OrderRef: signal.OrderRef{ID: "A-1"}, Kind: signal.IllegalTransition, Confirmed: true, Worth: signal.Amount{Currency: "EUR", Value: "0.1", Orders: 1}},
				{OrderRef: signal.OrderRef{ID: "A-2"}, Kind: signal.IllegalTransition, Confirmed: true, Worth: signal.Amount{Currency: "EUR", Value: "0.2", Orders: 1}},
				{OrderRef: signal.OrderRef{ID: "A-3"}, Kind: signal.IllegalTransition, Confirmed: true},
				{OrderRef: signal.OrderRef{ID: "A-4"}, Kind: signal.IllegalTransition, Worth: signal.Amount{Currency: "EUR", Value: "9", Orders: 1}},
			}}}}},
			signal.OrderConflict, euros("0.3", 2), "€ 0.30 in 2 orders",
		},
		"duplicates": {
			signal.Report{Lifecycles: []signal.Lifecycle{{Name: "order", Duplicates: &signal.Duplicates{
				Groups: []signal.DuplicateGroup{{Orders: []signal.OrderRef{{ID: "A-1"}, {ID: "A-2"}}}}, AtStake: euros("9", 1),
			}}}},
			signal.OrderDuplicate, euros("9", 1), "€ 9.00 in 1 order",
		},
		"no amount": {
			signal.Report{Lifecycles: []signal.Lifecycle{{Name: "order", States: []signal.State{{Name: "placed", Max: time.Minute, Orders: 1, Overdue: 1}}}}},
			signal.OrderOverdue,
			signal.Stake{},
			"",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newScript(t)
			s.play(time.Minute, func(int) signal.Report { return c.report })
			open := s.detector.Open()
			if len(open) != 1 || open[0].Mode != c.mode {
				t.Fatalf("the findings are %+v", open)
			}
			if !reflect.DeepEqual(open[0].AtStake, c.want) || fact(open[0].Evidence, "at_stake") != c.text {
				t.Errorf("at stake is %+v, %q; want %+v, %q", open[0].AtStake, fact(open[0].Evidence, "at_stake"), c.want, c.text)
			}
		})
	}
}
