package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/lostorder/lostorder/internal/web/api"
)

const readyWithin = 2 * time.Minute

// measureOurs builds lostorder, runs it as a process, and measures readings with one scrape
// each.
func (b *bench) measureOurs(ctx context.Context, lag, partitions int64) (*Row, error) {
	folder, err := os.MkdirTemp("", "lostorder-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	say("build lostorder")
	binary := filepath.Join(folder, "lostorder")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "github.com/lostorder/lostorder/cmd/lostorder")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	config := filepath.Join(folder, "lostorder.yml")
	text := fmt.Sprintf("kafka:\n  - name: bench\n    brokers: %s\n    granularity: partition\n    interval: %s\n    timeout: 60s\n", b.addr, b.interval)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	url := "http://127.0.0.1:" + port
	say("start lostorder")
	c, err := start(ctx, nil, binary, "run", "--config.file="+config, "--web.listen-address=127.0.0.1:"+port, "--web.enable-pprof", "--log.level=warn")
	if err != nil {
		return nil, err
	}
	defer c.stop()
	if err := c.until(ctx, readyWithin, func() bool { return get(ctx, url+"/-/ready", nil) == nil }); err != nil {
		return nil, err
	}
	row, err := b.readings(ctx, c, url)
	if err != nil {
		return nil, err
	}
	return row, check(row, lag, partitions)
}

// readings waits for readings and scrapes each of them.
func (b *bench) readings(ctx context.Context, c *child, url string) (*Row, error) {
	row := &Row{Name: "lostorder", OfThisRun: true}
	prometheus := newScraper(url + "/metrics")
	// The first reading connects and finds all ages; the second still finds some.
	var last *scraped
	var seen time.Time
	round := func() (took float64, err error) {
		// Not before it can be there: each request costs lostorder CPU, too.
		pause(ctx, time.Until(seen.Add(b.interval*8/10)))
		if seen, took, err = nextReading(ctx, c, url, seen); err != nil {
			return 0, err
		}
		last, err = prometheus.scrape(ctx)
		return took, err
	}
	first, err := round()
	if err != nil {
		return nil, err
	}
	row.FirstCycle = first
	for range 2 {
		if _, err := round(); err != nil {
			return nil, err
		}
	}
	var cycles, scrapes []time.Duration
	m := newMeter("measure lostorder", b.rounds)
	profiled := b.profile(ctx, url)
	from := b.sample(c.process)
	for i := range b.rounds {
		took, err := round()
		if err != nil {
			return nil, err
		}
		cycles = append(cycles, time.Duration(took*float64(time.Second)))
		scrapes = append(scrapes, last.took)
		m.at(i)
	}
	row.costs(from, b.sample(c.process), b.rounds)
	if err := profiled(); err != nil {
		return nil, err
	}
	row.Cycle, row.Scrape = median(cycles), median(scrapes)
	row.Wall = row.Cycle + row.Scrape
	if err := row.fill(c.process, last); err != nil {
		return nil, err
	}
	row.lagSum, row.lagSeries, err = last.sum("lostorder_queue_partition_messages")
	if err != nil {
		return nil, err
	}
	// Right after a reading, so that all scrapes see the same one.
	if _, err := round(); err != nil {
		return nil, err
	}
	row.AgainWall, row.AgainCPU, err = b.again(ctx, c.process, newScraper(url+"/metrics"))
	return row, err
}

// nextReading waits for a reading after the one that ended at seen.
func nextReading(ctx context.Context, c *child, url string, seen time.Time) (ended time.Time, took float64, err error) {
	var answer api.Targets
	err = c.until(ctx, readyWithin, func() bool {
		answer = api.Targets{}
		return get(ctx, url+"/api/v1/targets", &answer) == nil && len(answer.Targets) == 1 && answer.Targets[0].LastSuccess.After(seen)
	})
	if err != nil {
		return seen, 0, fmt.Errorf("wait for a whole reading: %w; targets: %+v", err, answer.Targets)
	}
	return answer.Targets[0].LastSuccess, answer.Targets[0].DurationSeconds, nil
}

// check verifies that the exporter read the whole grid.
func check(row *Row, lag, partitions int64) error {
	if int64(row.lagSum) != lag || row.lagSeries != partitions {
		return fmt.Errorf("it exports %d group-partitions with a lag of %.0f messages; the grid has %d with a lag of %d", row.lagSeries, row.lagSum, partitions, lag)
	}
	return nil
}

func get(ctx context.Context, url string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
