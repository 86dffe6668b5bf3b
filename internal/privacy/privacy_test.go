package privacy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
)

func parse(text string) (*config.File, error) {
	return config.Parse("test.yml", []byte(text), "", []config.Section{privacy.Section()})
}

func veil(t *testing.T, text string) *privacy.Veil {
	t.Helper()
	f, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return privacy.FromFile(f)
}

// fill puts one thing into every list, and an id into every order, wherever in a
// report it is.
func fill(v reflect.Value) (orders int) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[signal.OrderRef]() {
			v.Set(reflect.ValueOf(signal.OrderRef{ID: "A-1017", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"}))
			return 1
		}
		for _, field := range v.Fields() {
			if field.CanSet() {
				orders += fill(field)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			return fill(v.Index(0))
		}
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.Struct {
			v.Set(reflect.New(v.Type().Elem()))
			return fill(v.Elem())
		}
	}
	return orders
}

func TestNoOrderOfAReportIsForgotten(t *testing.T) {
	var r signal.Report
	n := fill(reflect.ValueOf(&r).Elem())
	if n < 7 {
		t.Fatalf("a report has %d places for orders", n)
	}
	before, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	v := veil(t, "privacy: {order_ids: hash, salt: 0123456789abcdef}")
	hidden, err := json.Marshal(v.Report(r))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(hidden), "A-1017") {
		t.Errorf("an id is shown: %s", hidden)
	}
	if got := strings.Count(string(hidden), v.ID("A-1017")); got != n {
		t.Errorf("the hash is there %d times, of %d", got, n)
	}
	if strings.Count(string(hidden), "4bf92f3577b34da6a3ce929d0e0e4736") != n {
		t.Error("a trace is gone")
	}
	if after, _ := json.Marshal(r); string(after) != string(before) {
		t.Error("the report that was given was changed")
	}
}

func TestTheSameIDIsTheSameHashUnderOneSaltOnly(t *testing.T) {
	a, b := veil(t, "privacy: {order_ids: hash, salt: 0123456789abcdef}"), veil(t, "privacy: {order_ids: hash, salt: 0123456789abcdeF}")
	again := veil(t, "privacy: {order_ids: hash, salt: 0123456789abcdef}")
	if a.ID("A-1") != again.ID("A-1") || a.ID("A-1") == a.ID("A-2") || a.ID("A-1") == b.ID("A-1") || len(a.ID("A-1")) != 16 || a.ID("") != "" {
		t.Errorf("%q %q %q", a.ID("A-1"), a.ID("A-2"), b.ID("A-1"))
	}
	plain := veil(t, "privacy: {}")
	if plain.ID("A-1") != "A-1" {
		t.Errorf("without a wish it is %q", plain.ID("A-1"))
	}
}

func TestDetailsBeginWithAHash(t *testing.T) {
	v := veil(t, "privacy: {order_ids: hash, salt: 0123456789abcdef}")
	r := v.Report(signal.Report{Reconciliations: []signal.Reconciliation{{Mismatches: []signal.Mismatches{{
		Sample:  []signal.OrderRef{{ID: "A: 17"}},
		Details: []signal.Detail{{OrderID: "A: 17", Text: "paid here, open there"}, {OrderID: "A-18", Text: "paid here, open there"}},
	}}}}})
	details := r.Reconciliations[0].Mismatches[0].Details
	got := details[0].String() + "\n" + details[1].String()
	if want := v.ID("A: 17") + ": paid here, open there\n" + v.ID("A-18") + ": paid here, open there"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBadConfig(t *testing.T) {
	for text, want := range map[string]string{
		"privacy: {order_ids: hash}":              "test.yml:1:10: privacy.salt: order ids are hashed with a salt of at least 16 characters",
		"privacy: {order_ids: hash, salt: short}": "test.yml:1:34: privacy.salt: order ids are hashed with a salt of at least 16 characters",
		"privacy: {order_ids: sha1}":              "privacy.order_ids:",
	} {
		_, err := parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "short") {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// TestNoRowKeyOrTextOfAReportNamesAnOrder puts an id into each field that holds a key
// or a sentence.
func TestNoRowKeyOrTextOfAReportNamesAnOrder(t *testing.T) {
	v := veil(t, "privacy: {order_ids: hash, salt: 0123456789abcdef}")
	broken := errors.New("broken")
	r := v.Report(signal.Report{
		Err:      fmt.Errorf("read row A-1017: %w", broken),
		Warnings: []string{"row A-1017 is odd, and so is (A-1018)", "table XA-1017 is not"},
		Outboxes: []signal.Outbox{{
			HeadKey: "id A-1017", Keys: []string{"A-1017", "A-1018"},
			Sample:  []signal.OrderRef{{ID: "A-1017"}},
			Skipped: &signal.Skipped{Rows: []signal.SkippedRow{{Key: "A-1019"}}},
		}},
	})
	shown := fmt.Sprintf("%v %q %+v %+v", r.Err, r.Warnings, r.Outboxes, r.Outboxes[0].Skipped)
	for _, id := range []string{"A-1017", "A-1018", "A-1019"} {
		if strings.Contains(strings.ReplaceAll(shown, "XA-1017", ""), id) {
			t.Errorf("%s is shown: %s", id, shown)
		}
	}
	if !errors.Is(r.Err, broken) {
		t.Error("the cause of the error is gone")
	}
	if want := "row " + v.ID("A-1017") + " is odd, and so is (" + v.ID("A-1018") + ")"; r.Warnings[0] != want {
		t.Errorf("got %q, want %q", r.Warnings[0], want)
	}
	if !strings.Contains(r.Warnings[1], "XA-1017") {
		t.Error("a word that only contains an id was changed")
	}
}

func TestFingerprintChangesWithTheSaltAndDoesNotRevealIt(t *testing.T) {
	const salt, other = "0123456789abcdef", "fedcba9876543210"
	hashed := func(salt string) string { return veil(t, "privacy: {order_ids: hash, salt: "+salt+"}").Fingerprint() }
	if plain := veil(t, "privacy: {order_ids: plain}").Fingerprint(); plain != "" || hashed(salt) == "" {
		t.Errorf("plain %q, hashed %q", plain, hashed(salt))
	}
	if first, again := hashed(salt), hashed(salt); first != again {
		t.Errorf("%q and then %q with the same salt", first, again)
	}
	if hashed(salt) == hashed(other) || strings.Contains(hashed(salt), salt) {
		t.Errorf("%q and %q", hashed(salt), hashed(other))
	}
}
