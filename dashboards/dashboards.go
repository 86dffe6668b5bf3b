package dashboards

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Dashboard is a dashboard and the file that it is kept in.
type Dashboard struct {
	File  string
	Model dashboard.Dashboard
}

// All returns the dashboards in the order of their titles, which is the order in which
// Grafana lists them: the first is the one to open first, lostorder itself is last.
func All() ([]Dashboard, error) {
	var all []Dashboard
	for _, p := range []page{losingOrders(), orders(), outbox(), queues(), integrity(), itself()} {
		model, err := p.build()
		if err != nil {
			return nil, fmt.Errorf("build dashboard %q: %w", p.title, err)
		}
		all = append(all, Dashboard{File: p.name + ".json", Model: model})
	}
	return all, nil
}

// JSON returns the dashboard as it is kept: indented, so that a change can be read.
func (d *Dashboard) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(&d.Model, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode dashboard %s: %w", d.File, err)
	}
	return append(text, '\n'), nil
}
