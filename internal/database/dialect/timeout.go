package dialect

import (
	"context"
	"errors"
)

// ErrStatementTimeout says that our own timeout of one query ended, not that of the reading.
var ErrStatementTimeout = errors.New("timeout of the statement")

// TimedOut says which of two timeouts an error comes from: that of the reading, or that of
// the query within it.
func TimedOut(ctx, queryCtx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case queryCtx.Err() != nil:
		return ErrStatementTimeout
	}
	return err
}
