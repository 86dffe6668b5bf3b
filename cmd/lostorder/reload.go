package main

import (
	"context"
	"os"
)

// reloadOnHangup reloads on every SIGHUP until ctx ends.
func reloadOnHangup(ctx context.Context, hangup <-chan os.Signal, reload func(context.Context) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hangup:
			// The error is logged and exported as a metric. The old config stays in effect.
			_ = reload(ctx)
		}
	}
}
