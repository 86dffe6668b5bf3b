package dialect_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func TestFoldedTextsAreEqualIfTheyDifferOnlyInCaseOrAccents(t *testing.T) {
	fold := func(text string) string { return dialect.FoldAccents(dialect.FoldCase(text)) }
	for a, b := range map[string]string{"Bezahlt": "bEZAHLT", "PAYÉ": "paye", "e\u0301": "É", "Ω": "ω", "K": "\u212a"} {
		if fold(a) != fold(b) {
			t.Errorf("%q and %q are not the same: %q, %q", a, b, fold(a), fold(b))
		}
	}
	for a, b := range map[string]string{"paid": "pald", "ß": "ss", "日本": "日木", "o": "0"} {
		if fold(a) == fold(b) {
			t.Errorf("%q and %q are the same: %q", a, b, fold(a))
		}
	}
	if dialect.FoldCase("é") == dialect.FoldCase("e") {
		t.Error("folding the case drops an accent")
	}
}
