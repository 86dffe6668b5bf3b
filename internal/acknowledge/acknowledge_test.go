package acknowledge_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/acknowledge"
	"github.com/lostorder/lostorder/internal/config"
)

const shop = `
databases: [{name: shop, url: "sqlite:///shop.db"}]
lifecycles: [{name: order, source: {database: shop, table: orders}, states: {placed: {max: 5m, next: [paid]}, paid: {}}}]
`

func parse(text string) (*config.File, error) {
	return config.Parse("test.yml", []byte(text+shop), ".", builtin.Sections())
}

func TestAcknowledgementsOfAFile(t *testing.T) {
	f, err := parse(`acknowledged:
  - {lifecycle: order, orders: ["1001", A-2], until: 2026-12-24, why: refunded}
  - {finding: 3f1c9ab04d21, up_to: 4, until: 2026-12-24T18:00:00+01:00, why: "SHOP-1"}
`)
	if err != nil {
		t.Fatal(err)
	}
	all := acknowledge.FromFile(f)
	if len(all) != 2 || all[0].Lifecycle != "order" || all[0].Orders["1001"] != "1001" || len(all[0].Orders) != 2 ||
		!all[0].Until.Equal(time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC)) || all[1].UpTo != 4 || !all[1].Until.Equal(time.Date(2026, 12, 24, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", all)
	}
	acknowledge.Apply(f)
	if ids := acknowledge.Orders("order", ""); !slices.Equal(ids, []string{"1001", "A-2"}) {
		t.Errorf("ids %v", ids)
	}
	if ids := acknowledge.Orders("other", ""); len(ids) != 0 {
		t.Errorf("ids of another lifecycle %v", ids)
	}
}

// TestHashedOrdersAreAcknowledgedInBothWays: by the id in the database, and by the hash that
// a finding shows.
func TestHashedOrdersAreAcknowledgedInBothWays(t *testing.T) {
	f, err := parse("privacy: {order_ids: hash, salt: 0123456789abcdef}\nacknowledged: [{lifecycle: order, orders: A-1, until: 2026-12-24, why: x}]\n")
	if err != nil {
		t.Fatal(err)
	}
	orders := acknowledge.FromFile(f)[0].Orders
	hash := orders["A-1"]
	if len(hash) != 16 || orders[hash] != hash {
		t.Errorf("%v", orders)
	}
}

func TestBadAcknowledgementsAreRefused(t *testing.T) {
	for entry, want := range map[string]string{
		"orders: A-1, until: 2026-12-24, why: x":                               "name one of finding, check and lifecycle",
		"lifecycle: order, finding: a, orders: A-1, until: 2026-12-24, why: x": "name one of finding, check and lifecycle",
		"lifecycle: order, until: 2026-12-24, why: x":                          "name the known orders, or with up_to how many",
		"lifecycle: order, orders: A-1, up_to: 3, until: 2026-12-24, why: x":   "name the known orders, or with up_to how many",
		"lifecycle: order, orders: A-1, until: tomorrow, why: x":               "write a day such as 2026-12-24",
		"lifecycle: order, orders: A-1, why: x":                                "until",
		"lifecycle: order, orders: A-1, until: 2026-12-24":                     "why",
		"lifecycle: ordr, orders: A-1, until: 2026-12-24, why: x":              "is not the name of an item of lifecycles",
		"check: charged, orders: A-1, until: 2026-12-24, why: x":               "is not the name of an item of reconciliations",
	} {
		_, err := parse("acknowledged: [{" + entry + "}]\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", entry, err, want)
		}
	}
}
