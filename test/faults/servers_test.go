//go:build integration

package faults_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// network are faults between lostorder and a server.
func network(s *server) []fault {
	p := s.proxy
	timeout := "time"
	if s.name == "SQS" {
		timeout = ":" // its client counts an answer that was cut off as truncated
	}
	return []fault{
		{name: "each answer comes 300 ms late", inject: func() { p.add(`{"type":"latency","attributes":{"latency":300,"jitter":100}}`) }, repair: p.remove},
		{name: "half-open connections: no answer arrives", shows: timeout, inject: func() { p.add(`{"type":"timeout","attributes":{"timeout":0}}`) }, repair: p.remove},
		{name: "every connection is reset", shows: ":", inject: func() { p.add(`{"type":"reset_peer","attributes":{"timeout":0}}`); p.cut() }, repair: p.remove},
		{name: "answers drain at 1 KB/s", inject: func() { p.add(`{"type":"bandwidth","attributes":{"rate":1}}`) }, repair: p.remove},
	}
}

// TestBrokenServerHidesNoOtherAndLosesNoFinding breaks one server after the other, in each way, under
// a lostorder that watches all.
func TestBrokenServerHidesNoOtherAndLosesNoFinding(t *testing.T) {
	t.Parallel()
	var sql *postgres
	servers := make([]*server, 5)
	var starting sync.WaitGroup
	for i, start := range []func(t *testing.T) *server{newKafka, newRabbitMQ, newSQS, func(t *testing.T) *server { sql = newPostgres(t); return sql.server }, newMariaDB} {
		starting.Go(func() { servers[i] = start(t) })
	}
	starting.Wait()
	if t.Failed() {
		t.FailNow()
	}
	kafka, rabbit, sqs, maria := servers[0], servers[1], servers[2], servers[4]
	c := settings{}
	c.add("kafka", "name: kafka", fmt.Sprintf("brokers: [%q]", kafka.proxy.Listen), "topics: {include: [orders, done]}", "objectives: [{max_age: 1h, absent_after: 1s}]", schedule())
	c.add("rabbitmq", "name: rabbit", "url: http://"+rabbit.proxy.Listen, "username: watcher", "password: "+secret, "objectives: [{max_age: 1h, absent_after: 1s}]", schedule())
	c.add("sqs", "name: sqs", "region: eu-central-1", "endpoint: http://"+sqs.proxy.Listen, "cloudwatch: {enabled: false}", schedule())
	sql.outbox(c, sql.url(sql.proxy.Listen))
	maria.orders(c)
	var all []string
	for _, s := range servers {
		all = append(all, s.target)
	}
	w := observe(t, c.String()+fmt.Sprintf("state: {dir: %q}\n", filepath.Join(t.TempDir(), "state")), all)
	for _, s := range servers {
		for _, f := range network(s) {
			w.breaks(s.name, s.target, f)
		}
		w.breaks(s.name, s.target, fault{name: "SIGSTOP of the server", shows: "time", inject: func() { s.signal(syscall.SIGSTOP) }, repair: func() { s.signal(syscall.SIGCONT) }})
		w.breaks(s.name, s.target, fault{name: "kill -9 of the server", shows: ":", inject: s.kill, repair: func() { s.restart() }})
	}
	w.row = row{system: "lostorder", fault: "SIGSTOP"}
	w.stops()
	w.recovers("all", *length)
	w.row = row{system: "lostorder", fault: "kill -9 and a start"}
	_ = w.cmd.Process.Kill()
	<-w.exited
	w.run()
	w.recovers("all", *length)
}

// restart starts a killed server. lostorder reaches it again when it has all that it had before.
func (s *server) restart() {
	s.t.Helper()
	if s.refill == nil {
		s.start()
		return
	}
	s.proxy.Stop()
	s.start()
	s.refill()
	s.proxy.open()
}
