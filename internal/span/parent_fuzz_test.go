package span_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/span"
)

func FuzzParent(f *testing.F) {
	for _, text := range []string{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", " 4BF92F3577B34DA6A3CE929D0E0E4736\n", "00-00000000000000000000000000000000-0-0", "ff-x-y-z", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		hex := func(id string, length int) bool {
			return id == "" || len(id) == length && strings.Trim(id, "0123456789abcdef") == "" && strings.Trim(id, "0") != ""
		}
		trace, parent := span.Parent(text)
		if !hex(trace, 32) || !hex(parent, 16) || trace == "" && parent != "" {
			t.Errorf("%q is the trace %q and the span %q", text, trace, parent)
		}
		if again, _ := span.Parent(trace); again != trace {
			t.Errorf("the trace %q becomes %q", trace, again)
		}
	})
}
