package untrusted_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/untrusted"
)

func FuzzText(f *testing.F) {
	for _, text := range []string{"orders", hostile, "a\u2028b\U000e0041", "\xff\xfe", `a\nb`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shown, id := untrusted.Text(text), untrusted.ID(text)
		if unsafe(shown) || unsafe(id) || len(id) > untrusted.LongestID {
			t.Errorf("%q becomes %q, and the id %q of %d bytes", text, shown, id, len(id))
		}
		if untrusted.Text(shown) != shown || untrusted.ID(id) != id {
			t.Errorf("%q changes again", shown)
		}
		if !unsafe(text) && shown != text {
			t.Errorf("the plain text %q becomes %q", text, shown)
		}
	})
}
