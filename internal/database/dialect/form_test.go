package dialect_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func TestKeysAreComparedInAFormThatBothSidesHave(t *testing.T) {
	for _, test := range []struct {
		name   string
		a, b   dialect.Form
		common dialect.Form
		sorted bool
	}{
		{"numbers", dialect.Integer, dialect.Number, dialect.Number, true},
		{"texts", dialect.Text, dialect.Text, dialect.Text, true},
		{"a UUID and its text", dialect.Binary, dialect.Text, dialect.Binary, true},
		{"numbers and their text", dialect.Integer, dialect.Text, dialect.Number, false},
		{"a moment and its text", dialect.Moment, dialect.Text, dialect.Moment, false},
	} {
		if got := dialect.Common(test.a, test.b); got != test.common {
			t.Errorf("%s: the form is %d, want %d", test.name, got, test.common)
		}
		if dialect.Common(test.b, test.a) != test.common || dialect.SameOrder(test.a, test.b) != test.sorted || dialect.SameOrder(test.b, test.a) != test.sorted {
			t.Errorf("%s: it depends on which side is which, or on their order", test.name)
		}
	}
}
