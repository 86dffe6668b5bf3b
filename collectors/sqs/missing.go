package sqs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// namesShown is how many of the things that are missing an error names.
const namesShown = 3

// missing gathers what could not be read, by reason, and makes one error of it
// that is the same for the same trouble. It may be used from many goroutines.
type missing struct {
	mu      sync.Mutex
	reasons map[string][]string
}

// add notes that something is missing; the reason reads on from its name.
func (m *missing) add(what, reason string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reasons == nil {
		m.reasons = map[string][]string{}
	}
	m.reasons[reason] = append(m.reasons[reason], what)
}

// err returns all that is missing as one error; nil when nothing is.
func (m *missing) err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var parts []string
	for reason, names := range m.reasons {
		slices.Sort(names)
		names = slices.Compact(names)
		shown := strings.Join(names[:min(namesShown, len(names))], ", ")
		if more := len(names) - namesShown; more > 0 {
			shown += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, shown+": "+reason)
	}
	if len(parts) == 0 {
		return nil
	}
	slices.Sort(parts)
	return errors.New(strings.Join(parts, "; "))
}
