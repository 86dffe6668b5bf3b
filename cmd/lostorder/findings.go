package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web/api"
)

func findingsCommand(app *kingpin.Application, stdout, stderr io.Writer) command {
	clause := app.Command("findings", "List the findings of a running lostorder: what is being lost, since when, and which orders.")
	id := clause.Arg("id", "Show this finding with all its evidence. The first characters of its id are enough. With the id of an order, show the findings that name it.").String()
	address := urlFlag(clause)
	state := clause.Flag("state", "Which findings: open, closed (recently) or all.").Default("open").Enum("open", "closed", "all")
	closed := clause.Flag("closed", "Show the findings that closed in the last 30 days, as --state=closed does.").Bool()
	within := clause.Flag("within", "Show the findings that closed within this time, such as 7d.").PlaceHolder("DURATION").String()
	mode := clause.Flag("mode", "Only findings of this failure mode.").String()
	team := clause.Flag("team", "Only findings with this label team.").String()
	severity := clause.Flag("severity", "Only findings of this severity: critical, warning or info.").Enum("critical", "warning", "info")
	asJSON := clause.Flag("json", "Print the API's JSON. With --watch, print one object per line.").Bool()
	asCSV := clause.Flag("csv", "Print one line for each order that the findings name, and on standard error the SQL that lists all others.").Bool()
	exitCode := clause.Flag("exit-code", "Exit with code 3 when there is a finding, and with code 4 when there is none and a target cannot be read.").Bool()
	watch := clause.Flag("watch", "Refresh until interrupted.").Bool()
	wait := clause.Flag("wait", "How long to wait for a lostorder that cannot be connected to yet, such as 30s after an installation.").Default("0s").Duration()
	every := clause.Flag("interval", "How often --watch refreshes.").Default("2s").Duration()

	return command{clause, func(ctx context.Context, _ *slog.Logger) error {
		c, err := newClient(*address)
		if err != nil {
			return fmt.Errorf("--url: %w", err)
		}
		query := url.Values{"state": {*state}}
		if *closed {
			query.Set("state", "closed")
		}
		if *within != "" {
			query = url.Values{"closed": {*within}}
		}
		for name, value := range map[string]string{"mode": *mode, "team": *team, "severity": *severity} {
			if value != "" {
				query.Set(name, value)
			}
		}
		if *id != "" {
			query.Set("state", "all")
			query.Del("closed")
		}
		if *watch && (*asCSV || *exitCode) {
			return errors.New("--watch does not end and cannot go with --csv or --exit-code")
		}
		if *every < leastInterval {
			return fmt.Errorf("--interval: at least %s", leastInterval)
		}
		if *wait > 0 {
			c.await(ctx, *wait)
		}
		var answer api.Findings
		show := func() (err error) {
			if answer, err = c.findings(ctx, query.Encode()); err != nil {
				return err
			}
			if *id != "" {
				if answer.Findings, err = chosen(answer.Findings, *id); err != nil {
					return err
				}
			}
			out := style(stdout)
			switch {
			case *asCSV:
				if named, affected := counted(answer.Findings); named < affected {
					fmt.Fprintf(stderr, "lostorder: %d of %d orders are named; the others are not in memory\n", named, affected)
				}
				listAll(stderr, answer.Findings)
				return api.WriteOrders(stdout, answer.Findings)
			case *asJSON:
				enc := json.NewEncoder(stdout)
				if !*watch {
					enc.SetIndent("", "  ")
				}
				return enc.Encode(answer)
			case *id != "" && len(answer.Findings) == 1:
				return out.Finding(stdout, &answer.Findings[0])
			default:
				err := out.Findings(stdout, &answer)
				if none := noneClosed(query); err == nil && none != "" && len(answer.Findings) == 0 {
					_, err = fmt.Fprintf(stdout, "\n%s\n", none) // the headline is about open findings
				}
				return err
			}
		}
		if !*watch {
			if err := show(); err != nil || !*exitCode {
				return err
			}
			return resultOf(&answer)
		}
		return again(ctx, *every, stdout, stderr, *asJSON, show)
	}}
}

// noneClosed says that no finding was found, where the query is for closed ones.
func noneClosed(query url.Values) string {
	switch {
	case query.Get("closed") != "":
		return "No finding closed within " + query.Get("closed") + "."
	case query.Get("state") == "closed":
		return "No finding closed in the last 30 days."
	default:
		return ""
	}
}

// leastInterval is how often --watch may ask.
const leastInterval = 100 * time.Millisecond

// Exit codes of --exit-code.
const (
	exitFindings exitCode = 3
	exitBlind    exitCode = 4
)

// resultOf is the exit code of an answer. Unknown is not healthy.
func resultOf(answer *api.Findings) error {
	switch {
	case len(answer.Findings) > 0:
		return exitFindings
	case answer.Verdict.Level == "blind":
		return exitBlind
	default:
		return nil
	}
}

// counted returns how many orders findings name, and how many they are about.
func counted(findings []api.Finding) (named, affected int64) {
	for i := range findings {
		f := &findings[i]
		if n := int64(len(f.OrderIDs)); n > 0 {
			named, affected = named+n, affected+max(n, f.Count)
		}
	}
	return named, affected
}

// listAll writes the SQL that lists all orders of each finding that does not name them all.
func listAll(w io.Writer, findings []api.Finding) {
	for i := range findings {
		f := &findings[i]
		if sql, known := f.Evidence.Find(signal.SQLFact); known && f.Count > int64(len(f.OrderIDs)) {
			fmt.Fprintf(w, "lostorder: finding %s names %d of %d; this lists all of %s:\n%s;\n",
				untrusted.Text(f.ID), len(f.OrderIDs), f.Count, untrusted.Text(cmp.Or(f.Labels.Database, f.Subject)), untrusted.Lines(sql.Value.Text))
		}
	}
}

// chosen returns the only finding whose id begins with the given characters, or all that
// name the order of that id.
func chosen(all []api.Finding, id string) ([]api.Finding, error) {
	var found, naming []api.Finding
	for _, f := range all {
		if strings.HasPrefix(f.ID, id) {
			found = append(found, f)
		}
		if slices.Contains(f.OrderIDs, id) {
			naming = append(naming, f)
		}
	}
	if len(naming) > 0 && len(found) == 0 {
		return naming, nil
	}
	switch len(found) {
	case 1:
		return found, nil
	case 0:
		return nil, fmt.Errorf("no finding %s is open or was recently closed, and none names an order of that id; lostorder explain %s searches for the order", id, id)
	default:
		return nil, fmt.Errorf("%d findings begin with %s; write more of the id", len(found), id)
	}
}

// again refreshes until it is interrupted, which is a successful end. If lostorder is
// unreachable, it prints the error and continues.
func again(ctx context.Context, every time.Duration, stdout, stderr io.Writer, lines bool, show func() error) error {
	for first := true; ; first = false {
		switch {
		case lines:
		case wantsColor(stdout):
			fmt.Fprint(stdout, "\x1b[H\x1b[2J")
		case !first:
			fmt.Fprintln(stdout)
		}
		if err := show(); err != nil && ctx.Err() == nil {
			fmt.Fprintf(stderr, "lostorder: %s\n", untrusted.Text(err.Error()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}
