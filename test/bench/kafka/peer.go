package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// peer is another exporter, given by the path of its program.
type peer struct{ name, path string }

// settings make a peer export each partition of each group, as lostorder does here.
var settings = map[string]func(addr, port string) (env, args []string){
	"kminion": func(addr, port string) (env, args []string) {
		return []string{
			"KAFKA_BROKERS=" + addr, "EXPORTER_HOST=127.0.0.1", "EXPORTER_PORT=" + port,
			"MINION_CONSUMERGROUPS_ENABLED=true", "MINION_CONSUMERGROUPS_SCRAPEMODE=adminApi",
			"MINION_CONSUMERGROUPS_GRANULARITY=partition", "MINION_TOPICS_GRANULARITY=partition",
		}, nil
	},
	"kafka_exporter": func(addr, port string) (env, args []string) {
		return nil, []string{"--kafka.server=" + addr, "--web.listen-address=127.0.0.1:" + port}
	},
}

// peersOf reads "kminion=PATH kafka_exporter=PATH".
func peersOf(text string) ([]peer, error) {
	var peers []peer
	for item := range strings.FieldsSeq(text) {
		name, path, _ := strings.Cut(item, "=")
		if settings[name] == nil || path == "" {
			return nil, fmt.Errorf("PEERS: %q is not kminion=PATH or kafka_exporter=PATH", item)
		}
		peers = append(peers, peer{name, path})
	}
	return peers, nil
}

// measurePeer measures scrapes. A peer reads the broker during each scrape, so its scrape is
// cycle and scrape in one.
func (b *bench) measurePeer(ctx context.Context, p peer) (*Row, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	env, args := settings[p.name](b.addr, port)
	say("start %s", p.name)
	c, err := start(ctx, env, p.path, args...)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	err = c.until(ctx, readyWithin, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	row := &Row{Name: p.name, OfThisRun: true, Cycle: unknown}
	prometheus := newScraper("http://127.0.0.1:" + port + "/metrics")
	for range 3 { // as many as lostorder gets before it is measured
		first, err := prometheus.scrape(ctx)
		if err != nil {
			return nil, err
		}
		if row.FirstCycle == 0 {
			row.FirstCycle = first.took.Seconds()
		}
	}
	m := newMeter("measure "+p.name, b.rounds)
	var last *scraped
	var took []time.Duration
	from := b.sample(c.process)
	for i := range b.rounds {
		pause(ctx, b.interval-durationOf(last))
		if last, err = prometheus.scrape(ctx); err != nil {
			return nil, err
		}
		took = append(took, last.took)
		m.at(i)
	}
	row.costs(from, b.sample(c.process), b.rounds)
	row.Scrape = median(took)
	row.Wall = row.Scrape
	if err := row.fill(c.process, last); err != nil {
		return nil, err
	}
	// Each scrape reads the broker again, so one more scraper costs the same again.
	row.AgainWall, row.AgainCPU = row.Wall, row.CPU
	return row, nil
}

func durationOf(s *scraped) time.Duration {
	if s == nil {
		return 0
	}
	return s.took
}
