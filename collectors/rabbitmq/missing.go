package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// missing gathers what could not be read, and makes one error of it that is the
// same for the same trouble.
type missing struct{ parts []string }

func (m *missing) add(what string, err error) { m.parts = append(m.parts, what+": "+err.Error()) }

// until is err, and what ended the reading where something did.
func (m *missing) until(ctx context.Context) error {
	err := m.err()
	if err == nil || ctx.Err() == nil {
		return cmp.Or(err, ctx.Err())
	}
	return fmt.Errorf("%s: %w", strings.TrimSuffix(err.Error(), ": "+ctx.Err().Error()), ctx.Err())
}

func (m *missing) err() error {
	if len(m.parts) == 0 {
		return nil
	}
	slices.Sort(m.parts)
	return errors.New(strings.Join(slices.Compact(m.parts), "; "))
}
