package ownership_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/signal"
)

// targets are n targets of several collectors.
func targets(n int) (all []signal.TargetID) {
	for i := range n {
		all = append(all, signal.TargetID{Collector: []string{"kafka", "outbox", "orders"}[i%3], Target: fmt.Sprintf("shop-%d", i)})
	}
	return all
}

func owners(all []signal.TargetID, members ...string) map[signal.TargetID]string {
	of := map[signal.TargetID]string{}
	for _, id := range all {
		of[id] = ownership.Owner(id, members)
	}
	return of
}

func TestOnlyTheTargetsOfAMemberThatLeavesMove(t *testing.T) {
	all := targets(300)
	for name, tc := range map[string]struct{ before, after []string }{
		"one of three leaves":          {[]string{"a", "b", "c"}, []string{"a", "c"}},
		"one of two leaves":            {[]string{"a", "b"}, []string{"a"}},
		"one of five leaves, the last": {[]string{"a", "b", "c", "d", "e"}, []string{"a", "b", "c", "d"}},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := owners(all, tc.before...), owners(all, tc.after...)
			moved := 0
			for _, id := range all {
				if before[id] == after[id] {
					continue
				}
				moved++
				if slices.Contains(tc.after, before[id]) {
					t.Errorf("%s moved from %s to %s, and %s is still there", id, before[id], after[id], before[id])
				}
			}
			if moved == 0 {
				t.Error("nothing moved")
			}
		})
	}
}

func TestANewMemberTakesOnlyWhatItOwns(t *testing.T) {
	all := targets(300)
	before, after := owners(all, "a", "b", "c"), owners(all, "a", "b", "c", "d")
	moved := 0
	for _, id := range all {
		if before[id] != after[id] {
			moved++
			if after[id] != "d" {
				t.Errorf("%s moved from %s to %s, and only d is new", id, before[id], after[id])
			}
		}
	}
	if moved < 45 || moved > 105 {
		t.Errorf("%d of 300 targets moved to the fourth member, want about 75", moved)
	}
}

func TestThreeHundredTargetsAreBalancedOverThreeMembers(t *testing.T) {
	for _, members := range [][]string{
		{"a", "b", "c"},
		{"lostorder-7d4b9c6f5-x2x8k", "lostorder-7d4b9c6f5-q9wzr", "lostorder-7d4b9c6f5-m4t7n"},
		{"shard-1", "shard-2", "shard-3"},
	} {
		n := map[string]int{}
		for _, owner := range owners(targets(300), members...) {
			n[owner]++
		}
		for _, member := range members {
			if n[member] < 75 || n[member] > 125 {
				t.Errorf("%s owns %d of 300 targets, want about 100: %v", member, n[member], n)
			}
		}
	}
}

func TestTheOrderOfMembersIsOfNoImportance(t *testing.T) {
	for _, id := range targets(50) {
		if a, b := ownership.Owner(id, []string{"a", "b", "c"}), ownership.Owner(id, []string{"c", "a", "b"}); a != b {
			t.Errorf("%s belongs to %s and to %s", id, a, b)
		}
	}
	if owner := ownership.Owner(targets(1)[0], nil); owner != "" {
		t.Errorf("without members %q owns a target", owner)
	}
}

// TestOwnersStayTheSame: two versions of lostorder run at once during an upgrade, and must
// agree.
func TestOwnersStayTheSame(t *testing.T) {
	var got []string
	for _, id := range targets(8) {
		got = append(got, ownership.Owner(id, []string{"shard-1", "shard-2", "shard-3"}))
	}
	want := []string{"shard-2", "shard-2", "shard-2", "shard-3", "shard-1", "shard-2", "shard-3", "shard-1"}
	if !slices.Equal(got, want) {
		t.Errorf("the targets belong to %q, and belonged to %q", got, want)
	}
}
