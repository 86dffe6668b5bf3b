package rabbitmq

import (
	"errors"
	"slices"
	"strings"
)

// missing gathers what could not be read, and makes one error of it that is the
// same for the same trouble.
type missing struct{ parts []string }

func (m *missing) add(what string, err error) { m.parts = append(m.parts, what+": "+err.Error()) }

func (m *missing) err() error {
	if len(m.parts) == 0 {
		return nil
	}
	slices.Sort(m.parts)
	return errors.New(strings.Join(slices.Compact(m.parts), "; "))
}
