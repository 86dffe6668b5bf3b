package test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/builtin"
)

// TestTheSecurityPageNamesTheRightsOfEverySource keeps a new source from being added
// without saying which rights it needs.
func TestTheSecurityPageNamesTheRightsOfEverySource(t *testing.T) {
	page := read(t, "../docs/security.md")
	_, rights, found := strings.Cut(page, "## Rights for each source")
	rights, _, ended := strings.Cut(rights, "\n## ")
	if !found || !ended {
		t.Fatal("docs/security.md has no section on rights")
	}
	for _, s := range builtin.Sources() {
		if !strings.Contains(rights, "`"+s.Section.Key+"`") {
			t.Errorf("docs/security.md does not say which rights %s needs", s.Section.Key)
		}
	}
}
