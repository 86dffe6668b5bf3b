package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/time/rate"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web/api"
)

func explainCommand(app *kingpin.Application, stdout io.Writer) command {
	clause := app.Command("explain", "Show the trail of one order: what happened to it in each database and queue, what should have, and what could not be searched. A running lostorder is asked at --url. With --config.file the databases and queues are searched from here, and no lostorder need run.")
	id := clause.Arg("order", "The id of the order.").Required().String()
	address := urlFlag(clause)
	file := clause.Flag("config.file", "Search the databases and queues of this config file, or folder of config files, from here.").PlaceHolder("FILE").String()
	asJSON := clause.Flag("json", "Print what the API answers.").Bool()

	return command{clause, func(ctx context.Context, _ *slog.Logger) error {
		order, err := lookUp(ctx, *id, *address, *file)
		if err != nil {
			return err
		}
		if *asJSON {
			enc := json.NewEncoder(stdout)
			enc.SetIndent("", "  ")
			return enc.Encode(order)
		}
		return style(stdout).Order(stdout, order)
	}}
}

// lookUp searches from here when there is a config file, and asks a running lostorder
// otherwise.
func lookUp(ctx context.Context, id, address, file string) (*api.Order, error) {
	if file == "" {
		c, err := newClient(address)
		if err != nil {
			return nil, fmt.Errorf("--url: %w", err)
		}
		return c.order(ctx, id)
	}
	f, err := load(file)
	if err != nil {
		return nil, err
	}
	order, err := explainer(f, nil).Order(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("look up the order: %w", err)
	}
	return order, nil
}

// order asks for the trail of one order.
func (c client) order(ctx context.Context, id string) (*api.Order, error) {
	body, err := c.get(ctx, "api/v1/orders/"+url.PathEscape(id))
	if err != nil {
		return nil, fmt.Errorf("%w (with --config.file=lostorder.yml no running lostorder is asked)", err)
	}
	var order api.Order
	if err := json.Unmarshal(body, &order); err != nil || order.Places == nil {
		return nil, fmt.Errorf("%s does not answer as lostorder does; is this its address?", c)
	}
	untrusted.Value(&order)
	return &order, nil
}

// explainer looks up orders in the targets of a config file.
func explainer(f *config.File, limit *rate.Limiter) *explain.Explainer {
	var targets []explain.Target
	for _, t := range builtin.Targets(f) {
		targets = append(targets, explain.Target{ID: t.ID, Trail: func(ctx context.Context, orderID string) ([]signal.Place, error) {
			return collectors.Trail(ctx, t, orderID)
		}})
	}
	return explain.New(explain.Options{Targets: targets, Veil: privacy.FromFile(f), Tracing: explain.TracingOf(f), Limit: limit})
}
