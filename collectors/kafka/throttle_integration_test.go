//go:build integration

package kafka_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealQuotaIsShown: a user that has nearly no request time is read more slowly, and
// everything is read.
func TestRealQuotaIsShown(t *testing.T) {
	s := open(t, 1)
	user, password := "u-"+s.topic, "watcher-secret"
	addUser(t, s.client, user, password)
	allow(t, s.client, user, kmsg.ACLResourceTypeTopic, s.topic, kmsg.ACLOperationDescribe)
	allow(t, s.client, user, kmsg.ACLResourceTypeGroup, s.topic, kmsg.ACLOperationDescribe)
	produce(t, s.client, order(s.topic, 0, "o-1"))
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 0})
	r := watch(t, s.watched(t, address(t, "KAFKA_SASL_ADDR"), "timeout: 60s", "interval: 60s",
		"sasl: {mechanism: SCRAM-SHA-256, username: "+user+", password: "+password+"}"))
	if report := readWhole(t, r); warnsOfAQuota(report) {
		t.Fatalf("without a quota: got %q", report.Warnings)
	}
	request := kmsg.NewPtrAlterClientQuotasRequest()
	entry, op := kmsg.NewAlterClientQuotasRequestEntry(), kmsg.NewAlterClientQuotasRequestEntryOp()
	entry.Entity = append(entry.Entity, kmsg.AlterClientQuotasRequestEntryEntity{Type: "user", Name: &user})
	op.Key, op.Value = "request_percentage", 0.001
	entry.Ops = append(entry.Ops, op)
	request.Entries = append(request.Entries, entry)
	answer, err := request.RequestWith(within(t), s.client)
	if err != nil || answer.Entries[0].ErrorCode != 0 {
		t.Fatalf("set the quota: %v, %+v", err, answer)
	}
	report := until(t, r, "a warning", func(r signal.Report) bool { return warnsOfAQuota(r) })
	if q := mustQueue(t, report, s.topic, s.topic); q.Ready != 1 {
		t.Errorf("got %+v", q)
	}
}
