// lostorder reports which orders are being lost, why, and since when.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones by name, for systems without them, such as a container

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/untrusted"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errFailed ends the program with exit code 1 after the reason has been printed.
var errFailed = errors.New("failed")

// exitCode ends the program with a code of its own, without a message.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// command is one command of the program.
type command struct {
	clause *kingpin.CmdClause
	run    func(ctx context.Context, log *slog.Logger) error
}

// newApp returns the command line and its commands.
func newApp(stdout, stderr io.Writer, logging *promslog.Config) (*kingpin.Application, []command) {
	app := kingpin.New("lostorder", "Reports which orders are being lost between microservices and queues, why, and since when. It is read-only.")
	app.UsageWriter(stdout).ErrorWriter(stderr)
	app.HelpFlag.Short('h')
	app.Version(version.Print("lostorder"))
	flag.AddFlags(app, logging)
	return app, []command{
		runCommand(app, stdout),
		demoCommand(app, stdout, logging),
		checkCommand(app, stdout, stderr),
		discoverCommand(app, stdout, stderr),
		findingsCommand(app, stdout, stderr),
		explainCommand(app, stdout),
	}
}

// Main runs the program and returns its exit code: 0, 1 if it failed, 2 for wrong usage.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	logging := promslog.Config{Writer: stderr}
	app, commands := newApp(stdout, stderr, &logging)
	helpFor(app, args)
	terminated := false
	app.Terminate(func(int) { terminated = true })

	chosen, err := app.Parse(args)
	if terminated {
		return 0 // --help or --version
	}
	if err != nil {
		fmt.Fprintf(stderr, "lostorder: %s; try lostorder --help\n", misuse(app, args, err))
		return 2
	}
	for _, c := range commands {
		if c.clause.FullCommand() != chosen {
			continue
		}
		err := c.run(ctx, slog.New(untrusted.Log(promslog.New(&logging).Handler())))
		if err != nil {
			if code, ok := errors.AsType[exitCode](err); ok {
				return int(code)
			}
			printError(stderr, err)
			return 1
		}
	}
	return 0
}

// printError describes why a command failed. A mistake in a file begins with the name of
// the file, so that editors find the line.
func printError(stderr io.Writer, err error) {
	if problems, ok := errors.AsType[config.Errors](err); ok {
		fmt.Fprintln(stderr, untrusted.Lines(problems.Error()))
	} else if !errors.Is(err, errFailed) {
		fmt.Fprintf(stderr, "lostorder: %s\n", untrusted.Lines(err.Error()))
	}
}
