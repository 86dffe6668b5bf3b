package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/lostorder/lostorder/internal/terminal"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web/api"
)

func findingsCommand(app *kingpin.Application, stdout, stderr io.Writer) command {
	clause := app.Command("findings", "Ask a running lostorder what is being lost now, since when, how many, which.")
	id := clause.Arg("id", "Show this one with all its evidence; the first characters of its id are enough.").String()
	address := clause.Flag("url", "Where lostorder answers. Credentials may be in it: http://USER:PASSWORD@HOST:PORT.").
		Default("http://localhost" + defaultListen).Envar("LOSTORDER_URL").String()
	state := clause.Flag("state", "Which findings: open, closed (lately) or all.").Default("open").Enum("open", "closed", "all")
	closed := clause.Flag("closed", "Show the findings that closed in the last 30 days, as --state=closed does.").Bool()
	within := clause.Flag("within", "Show the findings that closed within this time, such as 7d.").PlaceHolder("DURATION").String()
	mode := clause.Flag("mode", "Only those of this failure mode.").String()
	asJSON := clause.Flag("json", "Print what the API says; with --watch one object per line.").Bool()
	watch := clause.Flag("watch", "Look again and again, until interrupted.").Bool()
	every := clause.Flag("interval", "How often --watch looks.").Default("2s").Duration()

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
		if *mode != "" {
			query.Set("mode", *mode)
		}
		if *id != "" {
			query.Set("state", "all")
			query.Del("closed")
		}
		show := func() error {
			answer, err := c.findings(ctx, query.Encode())
			if err != nil {
				return err
			}
			if *id != "" {
				if answer.Findings, err = chosen(answer.Findings, *id); err != nil {
					return err
				}
			}
			out := terminal.Style{Color: wantsColor(stdout), Now: time.Now()}
			switch {
			case *asJSON:
				enc := json.NewEncoder(stdout)
				if !*watch {
					enc.SetIndent("", "  ")
				}
				return enc.Encode(answer)
			case *id != "":
				return out.Finding(stdout, &answer.Findings[0])
			default:
				return out.Findings(stdout, &answer)
			}
		}
		if !*watch {
			return show()
		}
		return again(ctx, max(*every, 100*time.Millisecond), stdout, stderr, *asJSON, show)
	}}
}

// chosen returns the one finding whose id begins as given.
func chosen(all []api.Finding, id string) ([]api.Finding, error) {
	var found []api.Finding
	for _, f := range all {
		if strings.HasPrefix(f.ID, id) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 1:
		return found, nil
	case 0:
		return nil, fmt.Errorf("no finding %s is open or was closed lately", id)
	default:
		return nil, fmt.Errorf("%d findings begin with %s; write more of the id", len(found), id)
	}
}

// again shows again and again until it is interrupted, which is how a watch ends
// well. A lostorder that is away for a moment is told and waited for.
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
