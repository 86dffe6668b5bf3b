package database_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/database"
)

func TestANumberIsWrittenInOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"19.90": "19.9", "19.9": "19.9", "100": "100", "100.00": "100", "0": "0", "0.00": "0", "-0.00": "0", "-0": "0", "-0.50": "-0.5", ".5": "0.5",
		"0.30000000000000004": "0.3", "1.23456789019": "1.2345678902", "123456789012345678901234.50": "123456789012345678901234.5",
		"": "", "abc": "abc", "1e3": "1e3", "1.2.3": "1.2.3", "-": "-",
	} {
		if got := database.Decimal(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestKeysAreComparedInAFormThatBothSidesHave(t *testing.T) {
	for _, test := range []struct {
		name   string
		a, b   database.Form
		common database.Form
		sorted bool
	}{
		{"numbers", database.Integer, database.Number, database.Number, true},
		{"texts", database.Text, database.Text, database.Text, true},
		{"a UUID and its text", database.Binary, database.Text, database.Binary, true},
		{"numbers and their text", database.Integer, database.Text, database.Number, false},
		{"a moment and its text", database.Moment, database.Text, database.Moment, false},
	} {
		if got := database.Common(test.a, test.b); got != test.common {
			t.Errorf("%s: the form is %d, want %d", test.name, got, test.common)
		}
		if database.Common(test.b, test.a) != test.common || database.SameOrder(test.a, test.b) != test.sorted || database.SameOrder(test.b, test.a) != test.sorted {
			t.Errorf("%s: it depends on which side is which, or on their order", test.name)
		}
	}
}

func TestNoTwoKeysHaveOneID(t *testing.T) {
	if (database.Key{"a/b", "c"}).ID() == (database.Key{"a", "b/c"}).ID() {
		t.Error("keys of two columns are mixed up")
	}
}
