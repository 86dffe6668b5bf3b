//go:build integration

package hostile_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// The servers here greet as a real one does and misbehave afterwards.

// kafkaOfTopics answers as a Kafka of some topics, and what it says about them is nonsense.
func kafkaOfTopics(name string, topics int) behaviour {
	var large []byte // the topics, encoded once
	return behaviour{name, func(conn net.Conn) {
		host, text, _ := net.SplitHostPort(conn.LocalAddr().String())
		port, _ := strconv.Atoi(text)
		for {
			head := make([]byte, 4)
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			request := make([]byte, min(binary.BigEndian.Uint32(head), 1<<20))
			if _, err := io.ReadFull(conn, request); err != nil || len(request) < 8 {
				return
			}
			key, version := int16(binary.BigEndian.Uint16(request)), int16(binary.BigEndian.Uint16(request[2:]))
			response := kmsg.ResponseForKey(key)
			if response == nil {
				return
			}
			response.SetVersion(min(version, response.MaxVersion()))
			answer := append([]byte{}, request[4:8]...)
			if response.IsFlexible() && key != int16(kmsg.ApiVersions) {
				answer = append(answer, 0)
			}
			switch r := response.(type) {
			case *kmsg.ApiVersionsResponse:
				for key := range int16(64) {
					if one := kmsg.RequestForKey(key); one != nil {
						r.ApiKeys = append(r.ApiKeys, kmsg.ApiVersionsResponseApiKey{ApiKey: key, MaxVersion: min(one.MaxVersion(), 5)})
					}
				}
			case *kmsg.MetadataResponse:
				r.Brokers = []kmsg.MetadataResponseBroker{{Host: host, Port: int32(port)}}
				if large == nil {
					for i := range topics {
						r.Topics = append(r.Topics, kmsg.MetadataResponseTopic{Topic: new(fmt.Sprintf("orders-%07d", i)), Partitions: []kmsg.MetadataResponseTopicPartition{{
							Partition: int32(i%2) * math.MaxInt32, Leader: int32(-(i % 3) / 2), Replicas: []int32{0}, ISR: []int32{0},
						}}})
					}
					large = r.AppendTo(nil)
				}
				answer = append(answer, large...)
			}
			if key != int16(kmsg.Metadata) {
				answer = response.AppendTo(answer)
			}
			if _, err := conn.Write(frame(uint32(len(answer)), string(answer))); err != nil {
				return
			}
		}
	}}
}

// greeted are RabbitMQ servers that answer the first request well.
func greeted(all []page) (more []page) {
	for _, p := range all {
		more = append(more, page{"greets, then " + p.name, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/overview") {
				_, _ = io.WriteString(w, `{"rabbitmq_version":"4.3.6","disable_stats":false}`)
				return
			}
			p.HandlerFunc(w, r)
		}})
	}
	return more
}

// rabbitOfQueues answers as a RabbitMQ of some queues, with impossible numbers for each.
func rabbitOfQueues(name string, queues int) page {
	return page{name, func(response http.ResponseWriter, r *http.Request) {
		w := bufio.NewWriter(response)
		defer func() { _ = w.Flush() }()
		list := func(format string) {
			_, _ = w.WriteString("[")
			for i := range queues {
				if i > 0 {
					_, _ = w.WriteString(",")
				}
				if _, err := fmt.Fprintf(w, format, i); err != nil {
					return
				}
			}
			_, _ = w.WriteString("]")
		}
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/metrics/detailed"):
			_, _ = w.WriteString("# TYPE rabbitmq_detailed_queue_messages_ready gauge\n")
			for i := range queues {
				if _, err := fmt.Fprintf(w, "rabbitmq_detailed_queue_messages_ready{vhost=\"/\",queue=\"orders-%07d\"} -1e308\n", i); err != nil {
					return
				}
			}
		case path == "/api/overview":
			_, _ = w.WriteString(`{"rabbitmq_version":"4.3.6","disable_stats":false}`)
		case path == "/api/queues":
			list(`{"vhost":"/","name":"orders-%07d","type":"classic","arguments":{"x-message-ttl":-1},"messages_ready":-7}`)
		case path == "/api/bindings":
			list(`{"vhost":"/","source":"","destination":"orders-%07d","destination_type":"queue","routing_key":"#"}`)
		default:
			_, _ = w.WriteString("[]")
		}
	}}
}

// sqsOfQueues answers as an SQS that lists queues page by page, and whose attributes are
// impossible. It never runs out of pages if endless is set.
func sqsOfQueues(name string, endless bool) page {
	return page{name, func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		var in struct{ NextToken string }
		_ = json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&in)
		n, _ := strconv.Atoi(in.NextToken)
		var out any
		switch operation {
		case "ListQueues":
			list := map[string]any{}
			var urls []string
			for i := range 1000 {
				urls = append(urls, fmt.Sprintf("http://sqs.test/000000000000/orders-%07d", n+i))
			}
			list["QueueUrls"] = urls
			if endless {
				list["NextToken"] = strconv.Itoa(n + 1000)
			}
			out = list
		case "GetQueueAttributes":
			out = map[string]any{"Attributes": map[string]string{
				"ApproximateNumberOfMessages": "-9223372036854775808", "ApproximateNumberOfMessagesNotVisible": "1e400", "MessageRetentionPeriod": "NaN",
				"RedrivePolicy": `{"deadLetterTargetArn":"` + strings.Repeat("x", 4096) + `","maxReceiveCount":-1}`,
			}}
		default:
			out = map[string]any{}
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_ = json.NewEncoder(w).Encode(out)
	}}
}
