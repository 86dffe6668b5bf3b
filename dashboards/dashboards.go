package dashboards

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	text = encodedIDs.ReplaceAllFunc(text, idsAsNumbers)
	return append(text, '\n'), nil
}

// encodedIDs are the ids of the panels that show an annotation. The SDK declares them as
// []uint8, which encoding/json writes as base64. Grafana expects a list of numbers, and
// with anything else it shows the annotation on no panel.
var encodedIDs = regexp.MustCompile(`"ids": "[A-Za-z0-9+/=]*"`)

func idsAsNumbers(field []byte) []byte {
	var filter struct{ IDs []byte }
	if err := json.Unmarshal(slices.Concat([]byte("{"), field, []byte("}")), &filter); err != nil {
		return field // it is no base64, so it is no list of ids
	}
	numbers := make([]string, len(filter.IDs))
	for i, id := range filter.IDs {
		numbers[i] = strconv.Itoa(int(id))
	}
	return []byte(`"ids": [` + strings.Join(numbers, ", ") + `]`)
}
