//go:build integration

package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// TestRealIncidentOfAQueueAndItsOrdersIsOnePage: one consumer stands still and another one
// leaves, and the orders whose messages wait there become overdue in a database. Each
// consumer is one incident: the queue's finding leads and the orders' finding is attached to
// it, in the API, on the page and in the metrics. Prometheus and Alertmanager, with the files
// and intervals that are shipped, page once for each, also when lostorder restarts.
func TestRealIncidentOfAQueueAndItsOrdersIsOnePage(t *testing.T) {
	t.Parallel()
	b, s := kafka(t), postgres(t)
	// incidents are the two consumers: their topic and group, and the state in which orders
	// wait for them.
	incidents := []struct {
		mode                signal.Mode
		alert               string
		topic, group, state string
		partitions          int
		orders              []string
		breaks              func(*member)
	}{
		{
			mode: signal.ConsumerStalled, alert: "LostorderConsumerStalled", topic: b.topic("orders", 12), group: b.prefix + "-billing",
			state: "placed", partitions: 12, orders: orders(60), breaks: func(m *member) { m.set(pace{keeps: true}) },
		},
		{
			mode: signal.ConsumerAbsent, alert: "LostorderConsumerAbsent", topic: b.topic("paid", 1), group: b.prefix + "-warehouse",
			state: "paid", partitions: 1, orders: orders(75)[60:], breaks: (*member).leave,
		},
	}
	c := watchQueues(b)
	s.watchDatabase(c, s.URL)
	c.add("lifecycles", "name: order", fmt.Sprintf("source: {database: %s, table: orders}", s.Kind),
		fmt.Sprintf("states: {placed: {max: %[1]s, next: [paid]}, paid: {max: %[1]s, next: [shipped]}, shipped: {}}", 3*maxAge), schedule())
	c["state"] = []string{fmt.Sprintf("  dir: %q\n", t.TempDir())}
	config, address := writeConfig(t, c), freePort(t)
	m := monitor(t, address)
	var consumers []*member
	for _, in := range incidents {
		b.send(in.topic, 0, "done")
		consumers = append(consumers, b.join(in.group, in.topic, pace{}))
		b.reached(in.group, in.topic, 0, 1)
	}
	p := startAt(t, binary, config, address)
	p.cycles(2)
	for i, in := range incidents {
		in.breaks(consumers[i])
		for j, id := range in.orders {
			s.place(id, in.state, 0)
			b.send(in.topic, int32(j%in.partitions), id)
		}
	}

	pages, symptoms := map[string]int{}, map[string]bool{}
	linked := func() {
		t.Helper()
		for _, in := range incidents {
			cause := p.find(in.mode, queue(in.topic, in.group))
			symptom := p.find(signal.OrderOverdue, signal.Subject{Database: s.Kind, Lifecycle: "order", State: in.state})
			p.counts(cause, int64(len(in.orders)))
			p.counts(symptom, int64(len(in.orders)))
			p.attached(cause, symptom)
			pages["firing "+in.alert+" "+cause.ID], symptoms[symptom.ID] = 1, true
		}
	}
	settled := func() {
		t.Helper()
		eventually(t, "each cause pages, and each symptom is muted", func() (bool, string) {
			muted := m.muted("LostorderOrderOverdue")
			return len(m.paged()) >= len(pages) && maps.Equal(muted, symptoms), m.all() + inJSON(muted)
		})
		p.silent(groupWait) // after which Alertmanager would page for a symptom that was not muted before
		if got := m.paged(); !maps.Equal(got, pages) {
			t.Errorf("pages %s, want %s; all: %s", inJSON(got), inJSON(pages), m.all())
		}
	}
	linked()
	settled()
	p.failOnUnexpected()
	p.stop()
	p = startAt(t, binary, config, address)
	linked()
	settled()
}

// groupWait is that of the shipped Alertmanager's file, and some more.
const groupWait = 15 * time.Second

// attached waits until a finding is attached to another, and checks how it is shown.
func (p *program) attached(cause, symptom api.Finding) {
	p.t.Helper()
	eventually(p.t, "the symptom is attached to its cause", func() (bool, string) {
		cause, symptom = p.byID(cause.ID), p.byID(symptom.ID)
		return symptom.CausedBy == cause.ID && slices.Equal(cause.Symptoms, []string{symptom.ID}), inJSON([]api.Finding{cause, symptom})
	})
	if cause.CausedBy != "" || symptom.Symptoms != nil {
		p.t.Errorf("the cause is a symptom, or the reverse: %s", inJSON([]api.Finding{cause, symptom}))
	}
	if value, ok := p.value("lostorder_finding_cause_info", "finding="+symptom.ID, "caused_by="+cause.ID, "mode="+string(symptom.Mode)); !ok || value != 1 {
		p.t.Errorf("lostorder_finding_cause_info of %s is %v", symptom.ID, value)
	}
	_, page := p.get("/")
	_, page, _ = strings.Cut(page, `id="`+cause.ID+`"`)
	row, _, ended := strings.Cut(page, "</details>")
	if !ended || !strings.Contains(row, "1 symptom in the same orders") || !strings.Contains(row, `id="`+symptom.ID+`"`) {
		p.t.Errorf("the page does not show %s under %s:\n%.3000s", symptom.ID, cause.ID, page)
	}
	if _, page = p.get("/findings/" + symptom.ID); !strings.Contains(page, "A symptom of <a href=") || !strings.Contains(page, "findings/"+cause.ID) {
		p.t.Errorf("the page of %s does not lead to %s:\n%.3000s", symptom.ID, cause.ID, page)
	}
}
