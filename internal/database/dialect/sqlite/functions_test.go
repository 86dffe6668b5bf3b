package sqlite_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/database/dialect/sqlite"
)

func TestANumberIsWrittenInOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"19.90": "19.9", "19.9": "19.9", "100": "100", "100.00": "100", "0": "0", "0.00": "0", "-0.00": "0", "-0": "0", "-0.50": "-0.5", ".5": "0.5",
		"0.30000000000000004": "0.3", "1.23456789019": "1.2345678902", "123456789012345678901234.50": "123456789012345678901234.5",
		"": "", "abc": "abc", "1e3": "1e3", "1.2.3": "1.2.3", "-": "-",
	} {
		if got := sqlite.Decimal(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
