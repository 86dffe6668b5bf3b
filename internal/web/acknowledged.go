package web

import (
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web/api"
)

// acknowledged returns the acknowledgements of the config, with what they cover now.
func acknowledged(known *watch.Snapshot) (all []api.Acknowledgement) {
	for _, a := range known.Acknowledgements {
		one := api.Acknowledgement{
			About: a.Subject, Why: a.Why, Until: a.Until.UTC(), Expired: a.Expired, Known: a.Known, Count: a.Count,
			Findings: []api.Acknowledged{},
		}
		for _, f := range a.Findings {
			ids := f.Orders
			if ids == nil {
				ids = []string{}
			}
			one.Findings = append(one.Findings, api.Acknowledged{ID: f.ID, Mode: f.Mode, Subject: f.Subject.String(), Count: f.Count, OrderIDs: ids})
		}
		all = append(all, one)
	}
	return all
}

// acknowledgedRow is an acknowledgement on the page.
type acknowledgedRow struct {
	api.Acknowledgement
	Covers   string
	UntilDay string
	UntilISO string
}

func acknowledgedRows(known *watch.Snapshot) (rows []acknowledgedRow) {
	for _, a := range acknowledged(known) {
		row := acknowledgedRow{Acknowledgement: a, Covers: phrase.Acknowledged(a.Count, a.Known, a.Expired), UntilISO: a.Until.Format(time.RFC3339)}
		row.UntilDay = a.Until.Format("2 Jan 2006 15:04 MST")
		rows = append(rows, row)
	}
	return rows
}
