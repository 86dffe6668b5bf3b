package ownership_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/ownership"
)

func TestEachTargetBelongsToOneShard(t *testing.T) {
	owned := 0
	for _, text := range []string{"1/3", "2/3", "3/3"} {
		s, err := ownership.ParseStatic(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range targets(100) {
			if s.View().Owns(id) {
				owned++
			}
		}
	}
	if owned != 100 {
		t.Errorf("three shards own %d of 100 targets", owned)
	}
}

func TestOneShardOwnsEverything(t *testing.T) {
	s, err := ownership.ParseStatic("1/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range targets(20) {
		if !s.View().Owns(id) {
			t.Errorf("%s is not owned", id)
		}
	}
}

func TestAWrongShardIsRefused(t *testing.T) {
	for text, tc := range map[string]struct {
		peers []string
		want  string
	}{
		"":       {nil, `"" is not a shard: write the number of this process and how many there are, such as 1/3`},
		"1":      {nil, `"1" is not a shard: write`},
		"a/3":    {nil, `"a/3" is not a shard: write`},
		"1/3/5":  {nil, `"1/3/5" is not a shard: write`},
		"0/3":    {nil, `"0/3" is shard 0 of 3, and the first is 1: write`},
		"4/3":    {nil, `"4/3" is shard 4 of 3, and the first is 1: write`},
		"1/0":    {nil, `"1/0" has 0 shards, and there can be 1 to 1000: write`},
		"1/5000": {nil, `"1/5000" has 5000 shards, and there can be 1 to 1000: write`},
		"1/2":    {[]string{"http://a:1", "http://b:1"}, `"1/2" has 1 other shards, and 2 addresses of them are given`},
		"2/2":    {[]string{"lostorder-1:10404"}, "the address of a member is not a plain http or https URL; write for example http://lostorder-2:10404"},
	} {
		t.Run(text, func(t *testing.T) {
			_, err := ownership.ParseStatic(text, tc.peers)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestAddressOfAMemberMayBeIPv6WithoutBrackets(t *testing.T) {
	for text, want := range map[string]string{
		"http://fd00:10:244::1a:10404":          "http://[fd00:10:244::1a]:10404",
		"https://fd00:10:244::1a:10404/orders/": "https://[fd00:10:244::1a]:10404/orders",
		"http://[fd00::1]:10404":                "http://[fd00::1]:10404",
		"http://10.0.0.7:10404":                 "http://10.0.0.7:10404",
		"http://lostorder-2:10404/":             "http://lostorder-2:10404",
		"http://lo:secret@lostorder-2:10404":    "http://lo:secret@lostorder-2:10404",
	} {
		got, err := ownership.ParseURL(text)
		if err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", text, got, err, want)
		}
	}
}
