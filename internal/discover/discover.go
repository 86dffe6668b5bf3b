// Package discover looks around at addresses and proposes a config: which queues and tables
// carry orders, and what to expect of them. It only reads, under the same guard as everything
// else, and tries each proposal as lostorder check does before it proposes to use it.
package discover

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/discover/draft"
)

// Options say where to look.
type Options struct {
	Databases []string            // URLs, or url_file=PATH
	Brokers   map[string][]string // addresses, by the flag of their source
	Observe   time.Duration
	Progress  func(format string, args ...any)
	Version   string
	Now       time.Time
}

// explorer is one run.
type explorer struct {
	Options
	out     draft.Document
	secrets secrets
	errs    []error
}

// Run returns the proposed config. It returns one also next to an error, of what could be
// read.
func Run(ctx context.Context, o Options) (string, error) {
	x := &explorer{Options: o}
	x.brokers(ctx)
	for _, text := range o.Databases {
		if ctx.Err() != nil {
			break
		}
		if err := x.database(ctx, text); err != nil {
			x.errs = append(x.errs, errors.New(x.secrets.scrub(err.Error())))
		}
	}
	if ctx.Err() == nil {
		x.try(ctx)
	}
	x.head()
	return x.secrets.scrub(x.out.String()), errors.Join(append(x.errs, ctx.Err())...)
}

// head explains the file.
func (x *explorer) head() {
	head := []string{
		fmt.Sprintf("lostorder discover proposed this config at %s. Each entry says what was seen and why it is proposed. An entry that is not sure, or that "+
			"cannot be read yet, is commented out and says what it needs. Read all of it once: names and deadlines are yours to correct.", x.Now.UTC().Format("2006-01-02 15:04 UTC")),
		"",
		"Check it:  lostorder check --config.file=lostorder.yml",
		"Start it:  lostorder run --config.file=lostorder.yml",
	}
	if len(x.secrets.names) > 0 {
		head = append(head, "", "It holds no password. Set before you start lostorder:")
		for _, name := range x.secrets.names {
			head = append(head, fmt.Sprintf("  %s   %s", name, x.secrets.of[name]))
		}
	}
	for _, err := range x.errs {
		head = append(head, "", "Not read: "+strings.ReplaceAll(err.Error(), "\n", " "))
	}
	x.out.Head = head
}
