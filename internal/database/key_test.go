package database_test

import (
	"slices"
	"testing"

	"github.com/lostorder/lostorder/internal/database"
)

func TestNoTwoKeysHaveOneID(t *testing.T) {
	if (database.Key{"a/b", "c"}).ID() == (database.Key{"a", "b/c"}).ID() {
		t.Error("keys of two columns are mixed up")
	}
}

func TestNoTwoKeysAreShownAlike(t *testing.T) {
	shown := map[string]database.Key{}
	for _, key := range []database.Key{{"a/b", "c"}, {"a", "b/c"}, {"a%2Fb", "c"}, {"a", "b", "c"}, {"a%25", "c"}, {"a%", "c"}, {"tenant-1", "42"}, {"", "a"}, {"a", ""}} {
		text := key.String()
		if other, taken := shown[text]; taken {
			t.Errorf("%q and %q are both %s", key, other, text)
		}
		shown[text] = key
		if found := database.Keys(text, len(key)); !slices.ContainsFunc(found, func(k database.Key) bool { return slices.Equal(k, key) }) {
			t.Errorf("%s is searched as %q, and not as %q", text, found, key)
		}
	}
	for text, want := range map[string]database.Key{"tenant-1/42": {"tenant-1", "42"}, "a/b/c": {"a", "b/c"}, "50%/3": {"50%", "3"}} {
		if found := database.Keys(text, 2); !slices.ContainsFunc(found, func(k database.Key) bool { return slices.Equal(k, want) }) {
			t.Errorf("%s, as a person writes it, is searched as %q", text, found)
		}
	}
	if one := (database.Key{"2026/0815 50%"}).String(); one != "2026/0815 50%" {
		t.Errorf("a key of one column is %s", one)
	}
	if two := (database.Key{"tenant-1", "42"}).String(); two != "tenant-1/42" {
		t.Errorf("a tenant and a number are %s", two)
	}
}
