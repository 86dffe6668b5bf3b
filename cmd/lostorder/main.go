// lostorder says which orders are being lost, why, and since when.
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
	_ "time/tzdata" // zones by name, where the system has none: a container has not

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

// errFailed ends the program with exit code 1 when what there is to say was said.
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
	app := kingpin.New("lostorder", "Says which orders are being lost in microservices and queues, why, and since when. It only reads.")
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

// Main runs the program and returns its exit code: 0, 1 when it failed, 2 when it
// was called wrongly.
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

// printError says why a command failed. What is wrong in a file begins with its name,
// so that editors find the place.
func printError(stderr io.Writer, err error) {
	if problems, ok := errors.AsType[config.Errors](err); ok {
		fmt.Fprintln(stderr, untrusted.Lines(problems.Error()))
	} else if !errors.Is(err, errFailed) {
		fmt.Fprintf(stderr, "lostorder: %s\n", untrusted.Lines(err.Error()))
	}
}
