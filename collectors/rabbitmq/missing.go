package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// missing collects what could not be read and joins it into one error. The error is the
// same for the same causes, so that it is logged once.
type missing struct{ parts []string }

func (m *missing) add(what string, err error) { m.parts = append(m.parts, what+": "+err.Error()) }

// until returns the error together with the reason why the reading ended.
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
