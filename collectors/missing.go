package collectors

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// namesShown is how many of many things are named.
const namesShown = 3

// Missing gathers what could not be read, by reason, and makes one error of it
// that is the same for the same trouble, so that it is logged once. It may be used from many
// goroutines.
type Missing struct {
	mu      sync.Mutex
	reasons map[string][]string
}

// Add notes that something is missing; the reason reads on from its name.
func (m *Missing) Add(what, reason string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reasons == nil {
		m.reasons = map[string][]string{}
	}
	m.reasons[reason] = append(m.reasons[reason], what)
}

// Err returns all that is missing as one error; nil when nothing is.
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

// Some names the first few, by name, and says how many more there are.
func Some(names []string) string {
	names = slices.Sorted(slices.Values(names))
	if len(names) <= namesShown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:namesShown], ", "), len(names)-namesShown)
}
