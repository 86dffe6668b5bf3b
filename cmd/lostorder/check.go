package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sync/errgroup"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/alerting"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web"
)

// checkedAtOnce is how many targets are read at the same time.
const checkedAtOnce = 8

func checkCommand(app *kingpin.Application, stdout, stderr io.Writer) command {
	clause := app.Command("check", "Check a config file, read every target once, and report what can be read, which permissions and indexes are missing, and what to fix. The exit code is 1 if something cannot be read.")
	file := clause.Flag("config.file", "The config file, or a folder whose .yml and .yaml files are one config.").Default("lostorder.yml").String()
	asJSON := clause.Flag("json", "Print one JSON object.").Bool()
	grants := clause.Flag("grants", "Print only the statements and commands that grant the missing permissions, merged, for the owner of each target to run. What cannot be read for another reason is an error.").Bool()
	tryWebhooks := clause.Flag("notify", "Send one test notification to each webhook of alerting.").Bool()

	return command{clause, func(ctx context.Context, _ *slog.Logger) error {
		f, err := load(*file)
		if err != nil {
			if *asJSON {
				err = errors.Join(printJSON(stdout, checkup.Result{File: *file, Error: err.Error(), Targets: []checkup.Target{}}), err)
			}
			return err
		}
		result := checkup.Result{File: *file, OK: true, Targets: examine(ctx, builtin.Targets(f), privacy.FromFile(f), progressTo(stderr))}
		result.Warnings = builtin.Exposed(f)
		for _, t := range result.Targets {
			result.OK = result.OK && t.OK
		}
		if *tryWebhooks {
			result.Webhooks = notify.Try(ctx, alerting.FromFile(f).Webhooks, web.DefaultRunbookBase, time.Now())
		}
		for _, w := range result.Webhooks {
			result.OK = result.OK && w.OK
		}
		switch {
		case *grants:
			return printGrants(stdout, &result)
		case *asJSON:
			err = printJSON(stdout, result)
		default:
			err = style(stdout).Checkup(stdout, &result)
		}
		if err == nil && !result.OK {
			return errFailed
		}
		return err
	}}
}

// printGrants writes what is missing. A target that cannot be read for another reason, such as a
// wrong password, is an error: it is unknown what it lacks.
func printGrants(w io.Writer, result *checkup.Result) error {
	sql, commands := result.Grants()
	for _, statement := range sql {
		fmt.Fprintln(w, statement+";")
	}
	for _, command := range commands {
		fmt.Fprintln(w, command)
	}
	var errs []error
	for i := range result.Targets {
		if t := &result.Targets[i]; !t.OK && len(t.Missing) == 0 {
			errs = append(errs, fmt.Errorf("%s/%s: %s", t.Collector, t.Target, t.Error))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(sql)+len(commands) > 0 {
		return errFailed
	}
	return nil
}

func printJSON(w io.Writer, result checkup.Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(result)
}

// examine reads each target once, a few at a time.
func examine(ctx context.Context, targets []collectors.Target, veil *privacy.Veil, progress func(done, all int)) []checkup.Target {
	all := make([]checkup.Target, len(targets))
	var mu sync.Mutex
	done := 0
	progress(0, len(targets))
	var group errgroup.Group
	group.SetLimit(checkedAtOnce)
	for i, t := range targets {
		group.Go(func() error {
			e := collectors.Examine(ctx, t)
			e.Report = untrusted.Report(veil.Report(e.Report))
			all[i] = checkup.Of(e)
			mu.Lock()
			defer mu.Unlock()
			done++
			progress(done, len(targets))
			return nil
		})
	}
	_ = group.Wait() // no target returns an error: the result contains it
	return all
}

// progressTo returns a function that shows in one line of a terminal how many targets
// were checked. If w is no terminal, it shows nothing.
func progressTo(w io.Writer) func(done, all int) {
	if !wantsColor(w) {
		return func(int, int) {}
	}
	return func(done, all int) {
		if done == all {
			fmt.Fprint(w, "\r\x1b[K")
			return
		}
		fmt.Fprintf(w, "\rreading %d targets, %d done", all, done)
	}
}
