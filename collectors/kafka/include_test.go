package kafka_test

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestIncludeThatMatchesNothingIsAWarning: a mistyped name would seem healthy.
func TestIncludeThatMatchesNothingIsAWarning(t *testing.T) {
	s := serve(t, kfake.NumBrokers(2), kfake.SeedTopics(1, "orders", "payments"))
	c := s.client()
	for _, group := range []string{"billing", "shipping"} {
		commit(t, c, group, "orders", map[int32]int64{0: 0})
	}
	for name, test := range map[string]struct {
		config []string
		want   []string
	}{
		"no include":             {nil, nil},
		"includes that match":    {[]string{`topics: {include: [orders, pay.*]}`, `groups: {include: [billing, shipping]}`}, nil},
		"a topic is mistyped":    {[]string{`topics: {include: [ordres, payments]}`}, []string{`topics.include "ordres" matches no topic`}},
		"a group is mistyped":    {[]string{`groups: {include: [biling, 'ship\..*', billing]}`}, []string{`groups.include "biling" matches no group`, `groups.include "ship\..*" matches no group`}},
		"everything is excluded": {[]string{`topics: {include: orders, exclude: orders}`}, nil},
		"the same include twice": {[]string{`topics: {include: [x, x]}`}, []string{`topics.include "x" matches no topic`}},
		"both":                   {[]string{`topics: {include: x}`, `groups: {include: y}`}, []string{`topics.include "x" matches no topic`, `groups.include "y" matches no group`}},
		"only part of a name":    {[]string{`topics: {include: order}`}, []string{`topics.include "order" matches no topic`}},
		"more than ten":          {[]string{`topics: {include: [a, b, c, d, e, f, g, h, i, j, k, l]}`}, unmatchedTopics("abcdefghij")},
		"a group of one of them": {[]string{`topics: {include: orders}`, `groups: {include: shipping}`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := watch(t, s.settings(test.config...))
			for range 2 {
				if report := readWhole(t, r); !slices.Equal(report.Warnings, test.want) {
					t.Errorf("got %q, want %q", report.Warnings, test.want)
				}
			}
		})
	}
	t.Run("a broker does not list its groups", func(t *testing.T) {
		s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListGroups}, Err: kerr.CoordinatorLoadInProgress, Count: 1})
		r := watch(t, s.settings(`groups: {include: nobody}`))
		if report, err := read(t, r); err == nil || len(report.Warnings) > 0 {
			t.Errorf("got %v and\n%s", err, show(report))
		}
		if report := readWhole(t, r); len(report.Warnings) != 1 {
			t.Errorf("got\n%s", show(report))
		}
	})
}

func unmatchedTopics(letters string) []string {
	var list []string
	for _, letter := range letters {
		list = append(list, `topics.include "`+string(letter)+`" matches no topic`)
	}
	return list
}
