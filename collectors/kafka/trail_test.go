package kafka_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestTrailFindsTheMessagesOfAnOrder(t *testing.T) {
	s := serve(t)
	c := s.client()
	createTopic(t, c, 2, "orders", "orders.dlq")
	at := time.Now().Add(-10 * time.Minute)
	var many []*kgo.Record
	for i := range 1500 { // more than a look-up searches of one partition
		many = append(many, order("orders.dlq", 1, fmt.Sprint("x-", i)))
	}
	produce(t, c, order("orders", 0, "o-1"), orderAt("orders", 0, "o-2", at), order("orders", 0, "o-3"), orderAt("orders.dlq", 0, "o-2", at))
	produce(t, c, many...)
	commit(t, c, "billing", "orders", map[int32]int64{0: 1, 1: 0})
	config := s.settings("order_id: key", "objectives: [{max_age: 1m}]")
	look := func(config kafka.Config, id string) string {
		places, err := collectors.Trail(t.Context(), kafka.Target(config), id)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, p := range places {
			text := p.Store + " " + p.Name
			for _, e := range p.Events {
				text += fmt.Sprintf("; %s at %v: %s (%s)", e.Kind, e.At == signal.InstantOf(at), e.What, e.Key)
			}
			for _, x := range p.Expected {
				text += fmt.Sprintf("; expected at %v %s", x.By == signal.InstantOf(at.Add(time.Minute)), x.What)
			}
			if p.Searched != "" {
				text += "; searched " + p.Searched
			}
			if p.Err != nil {
				text += "; gap " + p.Err.Error()
			}
			all = append(all, text)
		}
		return strings.Join(all, "\n")
	}
	want := "kafka main orders.dlq; dead_letter at true: message is in the dead letter queue (partition 0, offset 0); searched 1001 of 1501 messages\n" +
		"kafka main orders; waiting at true: message waits for consumer group billing (partition 0, offset 1); expected at true consumer group billing processes the message"
	if got := look(config, "o-2"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// A message before the committed offset is processed, and one beyond the budget is not seen.
	for _, id := range []string{"o-1", "x-0"} {
		if got := look(config, id); strings.Contains(got, "message") && strings.Contains(got, "offset") || !strings.Contains(got, "1001 of 1501") {
			t.Errorf("%s: %s", id, got)
		}
	}
	if got := look(s.settings(), "o-2"); got != "kafka main topics; gap lostorder reads no message here; if messages carry their order id, set order_id: key, header:NAME or json:$.path" {
		t.Errorf("without order_id: %s", got)
	}
}
