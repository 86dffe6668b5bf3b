package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// vhost is the virtual host of the benchmark's own.
const vhost = "lostorder-bench"

// broker is the measured RabbitMQ.
type broker struct {
	management, prometheus string
	user, password         string
	process                string // as a number; of this machine
}

func (b *broker) call(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept-Encoding", "identity")
	request.SetBasicAuth(b.user, b.password)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: status %d: %s", method, address, answer.StatusCode, text)
	}
	return text, err
}

// get returns the length of the response.
func (b *broker) get(ctx context.Context, address string) (int, error) {
	text, err := b.call(ctx, http.MethodGet, address, nil)
	return len(text), err
}

// declare declares the queues and waits until the broker counts all of them.
func (b *broker) declare(ctx context.Context, queues int) error {
	if err := b.findProcess(ctx); err != nil {
		return err
	}
	if _, err := b.call(ctx, http.MethodPut, b.management+"/api/vhosts/"+vhost, []byte("{}")); err != nil {
		return err
	}
	type queue struct {
		Name      string         `json:"name"`
		Durable   bool           `json:"durable"`
		Arguments map[string]any `json:"arguments"`
	}
	var all struct {
		Queues []queue `json:"queues"`
	}
	for i := range queues {
		all.Queues = append(all.Queues, queue{Name: fmt.Sprintf("orders-%05d", i), Durable: true, Arguments: map[string]any{}})
	}
	body, err := json.Marshal(all)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "declare %d queues\n", queues)
	if _, err := b.call(ctx, http.MethodPost, b.management+"/api/definitions/"+vhost, body); err != nil {
		return err
	}
	for ctx.Err() == nil {
		text, err := b.call(ctx, http.MethodGet, b.prometheus+"/metrics/detailed?family=queue_coarse_metrics&vhost="+vhost, nil)
		if err != nil {
			return err
		}
		if strings.Count(string(text), "queue_messages_ready{") == queues {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return ctx.Err()
}

// findProcess reads the broker's process id; a broker that has just started does not report
// it yet.
func (b *broker) findProcess(ctx context.Context) error {
	for ctx.Err() == nil {
		text, err := b.call(ctx, http.MethodGet, b.management+"/api/nodes", nil)
		if err != nil {
			return err
		}
		var nodes []struct {
			Process string `json:"os_pid"`
		}
		if err := json.Unmarshal(text, &nodes); err != nil {
			return fmt.Errorf("read the broker's process id: %w: %s", err, text)
		}
		if len(nodes) > 1 {
			return fmt.Errorf("the bench reads the CPU of one broker, this is a cluster of %d nodes", len(nodes))
		}
		if len(nodes) == 1 && nodes[0].Process != "" {
			b.process = nodes[0].Process
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return ctx.Err()
}

// remove deletes the queues, even after an interrupted run.
func (b *broker) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		// The broker takes longer than it keeps an idle connection open.
		_, _ = b.call(ctx, http.MethodDelete, b.management+"/api/vhosts/"+vhost, nil)
		if text, err := b.call(ctx, http.MethodGet, b.management+"/api/vhosts?columns=name", nil); err == nil && !strings.Contains(string(text), vhost) {
			return
		}
		time.Sleep(time.Second)
	}
	fmt.Fprintln(os.Stderr, "bench: the virtual host", vhost, "is still there")
}

// cpu returns the CPU seconds of the broker, or 0 if it is not on this machine.
func (b *broker) cpu() float64 {
	const ticks = 100 // USER_HZ, the same on every Linux that Go runs on
	stat, err := os.ReadFile("/proc/" + b.process + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticks
}
