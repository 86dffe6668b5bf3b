package phrase_test

import (
	"slices"
	"testing"

	"github.com/lostorder/lostorder/internal/phrase"
)

func TestTextIsWrappedBetweenWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                        {""},
		"one":                     {"one"},
		"one two  three":          {"one two", "three"},
		"größer als es war":       {"größer", "als es", "war"},
		"unbreakable-word is one": {"unbreakable-word", "is one"},
	} {
		if got := phrase.Wrap(text, 7); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestTextIsCut(t *testing.T) {
	for text, want := range map[string]string{"": "", "orders": "orders", "größere": "größe…"} {
		if got := phrase.Cut(text, 6); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
