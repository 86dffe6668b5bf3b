package span_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/span"
)

func TestParentReadsATraceparentOrATraceIDAlone(t *testing.T) {
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for text, want := range map[string]string{
		"00-" + id + "-" + parent + "-01":       id + " " + parent,
		"00-" + id + "-" + parent + "-03":       id + " " + parent,
		"00-" + id + "-" + parent[:15] + "g-01": id + " ",
		"00-" + id + "-0000000000000000-01":     id + " ",
		"  " + strings.ToUpper(id) + " ":        id + " ",
		id:                                      id + " ",
		"":                                      " ",
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01": " ",
		"00-" + id[:31] + "g-b7ad6b7169203331-01":                " ",
		"00-" + id:      " ",
		"o-1-2-3-4-5-6": " ",
	} {
		if trace, of := span.Parent(text); trace+" "+of != want {
			t.Errorf("the parent in %q is %s %s, want %q", text, trace, of, want)
		}
	}
}
