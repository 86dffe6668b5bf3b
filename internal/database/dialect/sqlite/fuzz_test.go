package sqlite_test

import (
	"math/big"
	"testing"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/database/dialect/sqlite"
)

// FuzzDecimal writes numbers in one way, so that two databases that hold the same number
// have the same text.
func FuzzDecimal(f *testing.F) {
	for _, text := range []string{"19.90", "-0.00", "007", ".5", "-.00000000001", "1e5", "12345678901234567890.12345678905", "", "-", "NaN", "0x10", "1_000"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := sqlite.Decimal(text)
		if again := sqlite.Decimal(got); again != got {
			t.Errorf("%q becomes %q, and that %q", text, got, again)
		}
		if !dialect.IsNumeric(text, false) {
			if got != text {
				t.Errorf("%q, which is no number, becomes %q", text, got)
			}
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			return
		}
		is, ok := new(big.Rat).SetString(got)
		if !ok {
			t.Fatalf("%q becomes %q, which is no number", text, got)
		}
		// To ten decimals.
		if off := new(big.Rat).Sub(want, is); off.Abs(off).Cmp(big.NewRat(1, 20_000_000_000)) > 0 {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}
