package collectors

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/lostorder/lostorder/internal/phrase"
)

// namesShown is how many of many things are named.
const namesShown = 3

// Missing collects what could not be read, by reason, into one error. Equal problems give
// equal errors, so that they are logged once. It is safe for concurrent use.
type Missing struct {
	mu      sync.Mutex
	reasons map[string][]string
}

// Has reports whether something is missing for a reason.
func (m *Missing) Has(reason string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.reasons[reason]) > 0
}

// Add records something that is missing. The reason follows its name in the sentence.
func (m *Missing) Add(what, reason string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reasons == nil {
		m.reasons = map[string][]string{}
	}
	m.reasons[reason] = append(m.reasons[reason], what)
}

// Err returns everything that is missing as one error, nil if nothing is.
func (m *Missing) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var parts []string
	for reason, names := range m.reasons {
		slices.Sort(names)
		parts = append(parts, Some(slices.Compact(names))+": "+reason)
	}
	if len(parts) == 0 {
		return nil
	}
	slices.Sort(parts)
	return errors.New(strings.Join(parts, "; "))
}

// Some lists the first few names, and the number of the others.
func Some(names []string) string {
	return phrase.List(slices.Sorted(slices.Values(names)), namesShown)
}
