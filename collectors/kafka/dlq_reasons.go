package kafka

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// reasonHeaders are the headers in which frameworks name the type of the error that brought
// a message to a dead letter queue, the most specific first. Those with the text of the
// error are not read: it may quote the message.
var reasonHeaders = []string{
	"kafka_dlt-exception-cause-fqcn",        // Spring Kafka
	"kafka_dlt-exception-fqcn",              //
	"x-exception-fqcn",                      // Spring Cloud Stream
	"__connect.errors.exception.class.name", // Kafka Connect, and Debezium's sinks
	"dead-letter-cause-class-name",          // SmallRye (Quarkus)
	"dead-letter-exception-class-name",      //
	"__connect.errors.stage",                // where no error is named
	"__dlq.errors.message",                  // share groups (KIP-1191): one of two fixed texts
}

// reasonOf returns the first reason that is named.
func reasonOf(headers [][]byte) string {
	for _, value := range headers {
		if reason := shownID(value); reason != "" {
			return reason
		}
	}
	return ""
}

// reasons counts why the newest messages came, the most frequent first. It leaves out those
// that were removed or consumed since.
func (t *topic) reasons(heads []int64) (list []string) {
	counts := map[string]int{}
	for _, m := range t.newestMessages(heads) {
		if m.reason != "" {
			counts[m.reason]++
		}
	}
	for _, reason := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) }) {
		list = append(list, fmt.Sprintf("%d %s", counts[reason], reason))
	}
	return few(list)
}
