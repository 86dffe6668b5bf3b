//go:build nodemo

package main

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
)

// demoCommand refuses to run in a program that was built without the demo.
func demoCommand(app *kingpin.Application, _ io.Writer, _ *promslog.Config) command {
	clause := app.Command("demo", "Not part of this program: it was built with -tags=nodemo.")
	return command{clause, func(context.Context, *slog.Logger) error {
		return errors.New("this program was built without the demo (-tags=nodemo); run it from a checkout: go run ./cmd/lostorder demo")
	}}
}
