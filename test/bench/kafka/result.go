package main

import (
	"os"
	"runtime"
	"strings"
	"time"
)

// unknown is a number that was not measured.
const unknown = -1

// Result is the result of all measurements.
type Result struct {
	Grid    size    `json:"grid"`
	Machine machine `json:"machine"`
	Rows    []Row   `json:"rows"`
	Goals   []goal  `json:"goals"`
}

// Row is the cost of one program per cycle and scrape, in seconds and bytes; -1 is unknown.
type Row struct {
	Name       string  `json:"name"`
	OfThisRun  bool    `json:"of_this_run"`
	Cycle      float64 `json:"cycle_seconds"`
	Scrape     float64 `json:"scrape_seconds"`
	Wall       float64 `json:"cycle_and_scrape_seconds"`
	FirstCycle float64 `json:"first_cycle_seconds"`
	CPU        float64 `json:"cpu_seconds"`
	BrokerCPU  float64 `json:"broker_cpu_seconds"`
	RSS        int64   `json:"rss_bytes"`
	Peak       int64   `json:"rss_peak_bytes"`
	Series     int64   `json:"series"`
	Bytes      int64   `json:"bytes"`
	Compressed int64   `json:"compressed_bytes"`
	AgainWall  float64 `json:"second_scraper_seconds"`
	AgainCPU   float64 `json:"second_scraper_cpu_seconds"`

	lagSum            float64
	lagSeries         int64
	brokerBusy, round float64 // seconds of a round: CPU of the broker, by the clock
}

// machine describes the machine of the measurement.
type machine struct {
	Cores int       `json:"cores"`
	Load  string    `json:"load"`
	Go    string    `json:"go"`
	At    time.Time `json:"at"`
}

func thisMachine() machine {
	load, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(load))
	return machine{runtime.NumCPU(), strings.Join(fields[:min(3, len(fields))], " "), runtime.Version(), time.Now().UTC().Truncate(time.Second)}
}

// A goal is a limit for one of lostorder's numbers.
type goal struct {
	What     string  `json:"what"`
	Limit    float64 `json:"limit"`
	Measured float64 `json:"measured"`
	Met      bool    `json:"met"`

	unit string
}

// conclude compares with kminion in this run, or with its reference.
func (r *Result) conclude() {
	ours := &r.Rows[0]
	kminion := references[0]
	for _, row := range r.Rows {
		if row.Name == "kminion" {
			kminion = row
		}
	}
	r.Rows = append(r.Rows, references...)
	add := func(what, unit string, limit, measured float64) {
		r.Goals = append(r.Goals, goal{what, limit, measured, measured <= limit, unit})
	}
	of := ", of " + kminion.Name
	add("CPU of a cycle and a scrape: a quarter"+of, "s", kminion.CPU/4, ours.CPU)
	add("wall of a cycle and a scrape: a quarter"+of, "s", kminion.Wall/4, ours.Wall)
	add("memory: half"+of, "MB", float64(kminion.RSS)/2/mb, float64(ours.RSS)/mb)
	add("memory at its peak: half"+of, "MB", float64(kminion.Peak)/2/mb, float64(ours.Peak)/mb)
	add("CPU of one scraper more: a tenth of the first", "s", ours.CPU/10, ours.AgainCPU)
}
