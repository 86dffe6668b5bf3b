package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// print prints the result as text.
func (r *Result) print(w io.Writer) error {
	g := r.Grid
	fmt.Fprintf(w, "\n%s partitions, %s groups, %s partitions of groups, %d records each.\n%d cores, load %s at the start, %s, %s.\n",
		thousands(int64(g.Topics*g.Partitions)), thousands(int64(g.Groups)), thousands(int64(g.Groups*g.Commits)), g.Records,
		r.Machine.Cores, r.Machine.Load, r.Machine.Go, r.Machine.At.Format("2006-01-02"))
	fmt.Fprintf(w, "A cycle reads everything; in the others it is part of each scrape. Broker: without what it uses when idle.\n\n")

	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tcycle s\tscrape s\tboth s\tCPU s\tbroker CPU s\tRSS MB\tpeak MB\tseries\tMB\tgzip MB\t2nd scraper s\tits CPU s\tfirst s\t")
	for i := range r.Rows {
		row := &r.Rows[i]
		name := row.Name
		if !row.OfThisRun {
			name += " (not of this run)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name,
			number(row.Cycle, 3), number(row.Scrape, 3), number(row.Wall, 3), number(row.CPU, 3), number(row.BrokerCPU, 3),
			number(float64(row.RSS)/mb, 0), number(float64(row.Peak)/mb, 0), thousands(row.Series),
			number(float64(row.Bytes)/mb, 1), number(float64(row.Compressed)/mb, 1),
			number(row.AgainWall, 3), number(row.AgainCPU, 3), number(row.FirstCycle, 1))
	}
	ours := &r.Rows[0]
	for i := range r.Rows[1:] {
		row := &r.Rows[i+1]
		fmt.Fprintf(t, "lostorder ÷ %s\t\t\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\t%s\t%s\t\t\n", row.Name,
			ratio(ours.Wall, row.Wall), ratio(ours.CPU, row.CPU), ratio(ours.BrokerCPU, row.BrokerCPU),
			ratio(float64(ours.RSS), float64(row.RSS)), ratio(float64(ours.Peak), float64(row.Peak)),
			ratio(float64(ours.Series), float64(row.Series)), ratio(float64(ours.Bytes), float64(row.Bytes)),
			ratio(ours.AgainWall, row.AgainWall), ratio(ours.AgainCPU, row.AgainCPU))
	}
	if err := t.Flush(); err != nil {
		return err
	}

	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, g := range r.Goals {
		met := "MISSED"
		if g.Met {
			met = "met"
		}
		fmt.Fprintf(t, "goal %s\t%s\tat most %.3g %s, measured %.3g %s\n", met, g.What, g.Limit, g.unit, g.Measured, g.unit)
	}
	return t.Flush()
}

func number(v float64, digits int) string {
	if v < 0 {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func ratio(a, b float64) string {
	if a < 0 || b <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}

func thousands(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
