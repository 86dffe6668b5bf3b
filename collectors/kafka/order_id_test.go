package kafka_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestOrderIDIsReadFromWhereTheMessageCarriesIt(t *testing.T) {
	registered := append([]byte{0, 0, 0, 0, 7}, `{"order":{"id":"o-5"}}`...)
	for name, test := range map[string]struct {
		place  string
		record kgo.Record
		want   string // empty: none
	}{
		"the key":                         {"key", kgo.Record{Key: []byte("o-1")}, "o-1"},
		"a header":                        {"header:Order-Id", kgo.Record{Headers: []kgo.RecordHeader{{Key: "order-id", Value: []byte("o-2")}}}, "o-2"},
		"a header that is not there":      {"header:order-id", kgo.Record{Key: []byte("o-1")}, ""},
		"a text in JSON":                  {"json:$.order.id", kgo.Record{Value: []byte(`{"order": {"id": "o-3"}}`)}, "o-3"},
		"a number in JSON":                {"json:$.id", kgo.Record{Value: []byte(`{"id": 9007199254740993, "x": []}`)}, "9007199254740993"},
		"JSON of a schema registry":       {"json:$.order.id", kgo.Record{Value: registered}, "o-5"},
		"an object where the id would be": {"json:$.order", kgo.Record{Value: []byte(`{"order": {"id": "o-3"}}`)}, ""},
		"a value that is not JSON":        {"json:$.id", kgo.Record{Value: []byte(`o-3`)}, ""},
		"a value that is too long":        {"json:$.id", kgo.Record{Value: []byte(`{"x":"` + strings.Repeat("x", 70<<10) + `","id":"o-6"}`)}, ""},
		"an id with a control character":  {"json:$.id", kgo.Record{Value: []byte(`{"id": "o\u001b[2J"}`)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq"))
			c, record := s.client(), test.record
			record.Topic = "orders.dlq"
			produce(t, c, &record)
			r := watch(t, s.settings("order_id: '"+test.place+"'"))
			got := deadLetters(readWhole(t, r))["orders.dlq"].Sample
			if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || got[0].ID != test.want) {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}

func TestPlaceOfTheOrderIDIsChecked(t *testing.T) {
	for _, place := range []string{"value", "header:", "json:id", "json:$.", "json:$.a[0]", "json:$..id", "json:$.a.*"} {
		text := "kafka: [{name: a, brokers: [b:1], order_id: '" + place + "'}]"
		_, err := config.Parse("test.yml", []byte(text), ".", []config.Section{kafka.Source().Section})
		if err == nil || !strings.Contains(err.Error(), "write key, header:NAME or json:$.path") {
			t.Errorf("%s: got %v", place, err)
		}
	}
}

func TestReasonsOfDeadLettersAreCounted(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders", "orders.dlq"))
	c := s.client()
	dead := func(headers ...string) {
		record := order("orders.dlq", 0, "o-1")
		for i := 0; i < len(headers); i += 2 {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: headers[i], Value: []byte(headers[i+1])})
		}
		produce(t, c, record)
	}
	dead("kafka_dlt-exception-fqcn", "org.spring.ListenerException", "kafka_dlt-exception-cause-fqcn", "shop.CardDeclined", "kafka_dlt-exception-message", "card 4711 of Jane")
	dead("__connect.errors.exception.class.name", "shop.CardDeclined")
	dead("x-exception-fqcn", "shop.NoStock")
	dead("dead-letter-reason", "the order of Jane")
	r := watch(t, s.settings("order_id: key"))
	d := deadLetters(readWhole(t, r))["orders.dlq"]
	if want := []string{"2 shop.CardDeclined", "1 shop.NoStock"}; !slices.Equal(d.Reasons, want) {
		t.Errorf("got %q, want %q", d.Reasons, want)
	}
	commit(t, c, "redrive", "orders.dlq", map[int32]int64{0: 2})
	d = deadLetters(until(t, r, "what is left", func(r signal.Report) bool { return deadLetters(r)["orders.dlq"].Messages == 2 }))["orders.dlq"]
	if want := []string{"1 shop.NoStock"}; !slices.Equal(d.Reasons, want) {
		t.Errorf("got %q, want %q", d.Reasons, want)
	}
	if d := deadLetters(readWhole(t, watch(t, s.settings())))["orders.dlq"]; d.Reasons != nil {
		t.Errorf("without order_id it reads %q", d.Reasons)
	}
}
