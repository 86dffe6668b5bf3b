//go:build integration

package e2e_test

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// discovered runs lostorder discover on addresses, writes what it prints to a file, and checks
// that lostorder check accepts the file as it is. It returns the file and its text.
func discovered(t *testing.T, secret string, addresses ...string) (file, text string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(plainBinary, append([]string{"discover"}, addresses...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("discover: %v\n%s", err, errs.String())
	}
	text = out.String()
	if secret != "" && strings.Contains(text+errs.String(), secret) {
		t.Errorf("the output holds the password:\n%s%s", text, errs.String())
	}
	file = writeConfig(t, settings{})
	rewrite(t, file, text)
	if dir := os.Getenv("DISCOVERED"); dir != "" { // to read what was proposed
		rewrite(t, dir+"/"+strings.ReplaceAll(t.Name(), "/", "-")+".yml", text)
	}
	if checked, err := exec.Command(plainBinary, "check", "--config.file="+file).CombinedOutput(); err != nil {
		t.Fatalf("check does not accept what discover wrote: %v\n%s\n%s", err, checked, text)
	}
	return file, text
}

// address returns --database for the shop. The password is in a variable, which the config names.
func (s shop) address(t *testing.T) string {
	t.Helper()
	name := strings.ToUpper(s.User) + "_PASSWORD"
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, escaped, _ := strings.Cut(u.User.String(), ":")
	if err := os.Setenv(name, escaped); err != nil { //nolint:usetesting // no parallel test may call t.Setenv; the name is this test's own
		t.Fatal(err)
	}
	return "--database=" + s.URL
}

// says fails the test unless the proposal has each of the texts.
func says(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("the proposal lacks %q:\n%s", want, text)
		}
	}
}

// TestRealDiscoveredConfigRunsUnedited discovers shops, and runs lostorder with what was
// written. It reports no finding, for nothing is wrong in them.
func TestRealDiscoveredConfigRunsUnedited(t *testing.T) {
	t.Run("our own shop", func(t *testing.T) {
		eachDatabase(t, func(t *testing.T, s shop) {
			c := settings{}
			s.keepPast(c)
			for i := range 12 {
				id := fmt.Sprintf("o-%d", i)
				s.place(id, []string{"placed", "paid", "shipped"}[i%3], time.Duration(i)*time.Second)
				s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, order_id, created_at, published_at) VALUES ('e-%d', '%s', %s, %s)", i, id, s.Ago(time.Minute), s.Ago(59*time.Second)))
				s.purchase("p-"+id, "'r"+id+"'", [][]string{{"placed", "paid", "shipped"}, {"placed", "cancelled"}, {"placed", "paid"}}[i%3]...)
				s.step("s-"+id, "done", time.Minute)
				s.went("saga_moves", "s-"+id, "reserving", "charging", "done")
			}
			file, text := discovered(t, databasetestPassword(t, s), s.address(t))
			says(t, text, "columns: {id: id, created_at: created_at, published_at: published_at, order_id: order_id, traceparent: traceparent}",
				"table: purchases", "table: moves", "where: void = 0", "kind: saga", "duplicates: {key: request, created: created_at, except: [cancelled]}")
			silentlyRuns(t, file)
		})
	})
	for name, made := range map[string]struct {
		open func(*testing.T) *databasetest.Shop
		fill func(*testing.T, *databasetest.Shop)
		says []string
		lack []string
	}{
		"Spree on PostgreSQL": {func(t *testing.T) *databasetest.Shop { server(t, "POSTGRES_URL"); return databasetest.Postgres(t) }, spree, []string{
			"table: spree_orders", "table: spree_state_changes", "state: next_state", "stateful_type = 'Spree::Order'", "table: spree_payments", "table: spree_shipments",
		}, nil},
		"Magento on MariaDB": {func(t *testing.T) *databasetest.Shop { server(t, "MARIADB_URL"); return databasetest.MariaDB(t) }, magento, []string{
			"table: sales_order", "order_id: entity_id", "table: sales_order_status_history", "table: sales_order_payment", "table: sales_shipment", "table: sales_order_grid",
			"processing: {max: 2h, next: [complete]}", // ten orders left it within a minute, and ten are in it for up to an hour
		}, nil},
		"Saleor on PostgreSQL": {func(t *testing.T) *databasetest.Shop { server(t, "POSTGRES_URL"); return databasetest.Postgres(t) }, saleor, []string{
			"table: order_order", "state: status", "table: payment_payment", "right: {database: lostorder", "table: order_fulfillment",
		}, []string{"history:"}}, // a fulfillment has a status of its own
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shop{made.open(t), t}
			made.fill(t, s.Shop)
			file, text := discovered(t, databasetestPassword(t, s), s.address(t))
			says(t, text, made.says...)
			for _, wrong := range made.lack {
				if strings.Contains(text, wrong) {
					t.Errorf("the proposal has %q:\n%s", wrong, text)
				}
			}
			silentlyRuns(t, file)
		})
	}
}

// databasetestPassword is the password of the shop's user, as its URL has it.
func databasetestPassword(t *testing.T, s shop) string {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, escaped, _ := strings.Cut(u.User.String(), ":")
	return escaped
}
