package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/discover"
)

func discoverCommand(app *kingpin.Application, stdout, stderr io.Writer) command {
	clause := app.Command("discover", "Find the queues and tables of orders at some addresses, and write a commented config to stdout. It only reads.")
	databases := clause.Flag("database", "URL of a database: postgres://, mysql://, mariadb:// or sqlite:, or url_file=PATH. ${NAME} is a variable of the environment. Repeatable.").PlaceHolder("URL").Strings()
	brokers := map[string]*[]string{}
	for _, source := range builtin.Sources() {
		if d := source.Discovery; d != nil {
			brokers[d.Flag] = clause.Flag(d.Flag, d.Help).PlaceHolder(d.Placeholder).Strings()
		}
	}
	observe := clause.Flag("observe", "How long to observe brokers, to propose objectives from what is seen.").Default("2m").Duration()

	return command{clause, func(ctx context.Context, _ *slog.Logger) error {
		addresses, given := map[string][]string{}, len(*databases)
		for flag, list := range brokers {
			addresses[flag], given = *list, given+len(*list)
		}
		if given == 0 {
			return errors.New("nothing to discover; name an address, for example --database=postgres://lostorder:PASSWORD@localhost:5432/shop")
		}
		var mu sync.Mutex
		text, err := discover.Run(ctx, discover.Options{
			Databases: *databases, Brokers: addresses, Observe: *observe, Now: time.Now(),
			Progress: func(format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				fmt.Fprintf(stderr, format+"\n", args...)
			},
		})
		if _, failed := io.WriteString(stdout, text); failed != nil {
			return failed
		}
		return err
	}}
}
