package dialect_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func TestAlike(t *testing.T) {
	columns := []string{"id", "aggregate_id", "status", "created_at", "published_at", "payload"}
	for word, want := range map[string]string{
		"createdAt":    "created_at",
		"created":      "created_at",
		"state":        "status",
		"creatd_at":    "created_at",
		"order_id":     "",
		"published":    "published_at",
		"orders_id":    "",
		"PUBLISHED_AT": "published_at",
	} {
		if got := strings.Join(dialect.Alike(word, columns), " "); got != want {
			t.Errorf("alike %s are %q, want %q", word, got, want)
		}
	}
	if got := dialect.Alike("orders", []string{"order", "orders_archive", "web_orders", "customers"}); !slices.Contains(got, "order") {
		t.Errorf("alike orders are %q", got)
	}
}

func TestScrub(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"dial user:hunter22@host", "dial <secret>@host"},
		{"password hunter22 is wrong", "password <secret> is wrong"},
		{"nothing to hide", "nothing to hide"},
	} {
		if got := dialect.Scrub(test.text, []string{"hunter22", "user:hunter22", ""}); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
