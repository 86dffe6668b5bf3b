//go:build integration

package kafka_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// decide takes readings, whole or not, for a while and returns the loss and absence
// findings that are open.
func decide(t *testing.T, r collectors.Reader, detector *detect.Detector, times int) (found []string, last signal.Report) {
	t.Helper()
	for range times {
		report, err := read(t, r)
		report.TargetID, report.At, report.Interval, report.Err = signal.TargetID{Collector: "kafka", Target: "main"}, time.Now(), 5*time.Second, err
		detector.Observe(&report)
		last = report
		time.Sleep(200 * time.Millisecond)
	}
	for _, f := range detector.Open() {
		if f.Mode == signal.MessageLost || f.Mode == signal.ConsumerAbsent {
			reason, _ := f.Evidence.Find("reason")
			found = append(found, fmt.Sprintf("%s %s/%s: %d %v", f.Mode, f.Subject.Destination, f.Subject.Group, f.Count, reason.Value))
		}
	}
	slices.Sort(found)
	return found, last
}

// TestRealTopicThatIsDeletedLosesWhatAGroupHadNotRead: a topic on which no group lags and one
// that no group reads are benign twins.
func TestRealTopicThatIsDeletedLosesWhatAGroupHadNotRead(t *testing.T) {
	s := open(t, 2)
	read, unread := s.topic+".read", s.topic+".unread"
	createTopic(t, s.client, 1, read, unread, s.topic+".stays")
	t.Cleanup(func() { deleteTopic(t, s.client, s.topic+".stays") })
	for _, topic := range []string{s.topic, read, unread} {
		for range 5 {
			produce(t, s.client, order(topic, 0, "o-1"))
		}
	}
	commit(t, s.client, s.topic, s.topic, map[int32]int64{0: 2})
	commit(t, s.client, s.topic, read, map[int32]int64{0: 5})
	commit(t, s.client, s.topic, s.topic+".stays", map[int32]int64{0: 0})
	r, detector := watch(t, s.watched(t, address(t, "KAFKA_ADDR"))), detect.New()
	if found, _ := decide(t, r, detector, 4); len(found) > 0 {
		t.Fatalf("before: %q", found)
	}
	for _, topic := range []string{s.topic, read, unread} {
		deleteTopic(t, s.client, topic)
	}
	found, last := decide(t, r, detector, 8)
	if want := []string{fmt.Sprintf("message_lost %s/%s: 3 queue_deleted", s.topic, s.topic)}; !slices.Equal(found, want) || last.Err != nil {
		t.Errorf("got %q %v, want %q", found, last.Err, want)
	}
	createTopic(t, s.client, 1, s.topic) // for the cleanup
}

// TestRealTopicAndGroupThatAreHiddenAreNotDeleted: a broker lists neither to a user that may
// no longer describe them.
func TestRealTopicAndGroupThatAreHiddenAreNotDeleted(t *testing.T) {
	s := open(t, 1)
	other := s.topic + ".other"
	createTopic(t, s.client, 1, other)
	t.Cleanup(func() { deleteTopic(t, s.client, other) })
	user, password := "u-"+s.topic, "watcher-secret"
	addUser(t, s.client, user, password)
	for _, topic := range []string{s.topic, other} {
		for range 5 {
			produce(t, s.client, order(topic, 0, "o-1"))
		}
		allow(t, s.client, user, kmsg.ACLResourceTypeTopic, topic, kmsg.ACLOperationDescribe)
	}
	groups := []string{s.topic + "-a", s.topic + "-b"}
	for _, group := range groups {
		commit(t, s.client, group, s.topic, map[int32]int64{0: 2})
		commit(t, s.client, group, other, map[int32]int64{0: 2})
		allow(t, s.client, user, kmsg.ACLResourceTypeGroup, group, kmsg.ACLOperationDescribe)
	}
	r := watch(t, s.watched(t, address(t, "KAFKA_SASL_ADDR"), append(impatient, "sasl: {mechanism: SCRAM-SHA-256, username: "+user+", password: "+password+"}")...))
	detector := detect.New()
	until(t, r, "all that it may see", func(r signal.Report) bool { return len(r.Queues) == 4 })
	before, _ := decide(t, r, detector, 4)
	for _, hide := range []struct {
		kind kmsg.ACLResourceType
		name string
		want string
	}{
		{kmsg.ACLResourceTypeGroup, groups[0], "group " + groups[0]},
		{kmsg.ACLResourceTypeTopic, s.topic, "group " + groups[0] + ", topic " + s.topic},
	} {
		disallow(t, s.client, user, hide.kind, hide.name)
		found, last := decide(t, r, detector, 8)
		if !slices.Equal(found, before) || last.Err == nil || last.Err.Error() != hide.want+": not authorized to describe it" {
			t.Errorf("%s: got %q %v, want %q and a partial reading", hide.want, found, last.Err, before)
		}
	}
	// Once it is deleted, and not only hidden, the user cannot know: it stays unknown.
	deleteTopic(t, s.client, s.topic)
	if found, last := decide(t, r, detector, 6); !slices.Equal(found, before) || last.Err == nil {
		t.Errorf("got %q %v", found, last.Err)
	}
	createTopic(t, s.client, 1, s.topic) // for the cleanup
}

// TestRealTopicsThatAreHiddenFromTheBeginningAreNamed where a group reads them, or the config
// names them.
func TestRealTopicsThatAreHiddenFromTheBeginningAreNamed(t *testing.T) {
	for name, opts := range map[string][]kgo.Opt{"classic": nil, "KIP-848": {kgo.ServerSideBalancer()}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 1)
			hidden := s.topic + ".hidden"
			createTopic(t, s.client, 1, hidden)
			t.Cleanup(func() { deleteTopic(t, s.client, hidden) })
			user, password := "u-"+s.topic, "watcher-secret"
			addUser(t, s.client, user, password)
			allow(t, s.client, user, kmsg.ACLResourceTypeTopic, s.topic, kmsg.ACLOperationDescribe)
			allow(t, s.client, user, kmsg.ACLResourceTypeTopic, s.topic, kmsg.ACLOperationDescribeConfigs)
			allow(t, s.client, user, kmsg.ACLResourceTypeTopic, s.topic, kmsg.ACLOperationRead)
			allow(t, s.client, user, kmsg.ACLResourceTypeGroup, s.topic, kmsg.ACLOperationDescribe)
			produce(t, s.client, order(s.topic, 0, "o-1"), order(hidden, 0, "o-2"))
			consumer := client(t, []string{address(t, "KAFKA_ADDR")}, append(member(s.topic, s.topic, hidden), opts...)...)
			consume(t, consumer, 2)
			login := "sasl: {mechanism: SCRAM-SHA-256, username: " + user + ", password: " + password + "}"
			grant := "kafka-acls.sh --bootstrap-server " + address(t, "KAFKA_SASL_ADDR") + " --command-config admin.properties --add --allow-principal User:" + user + " --operation Describe --operation DescribeConfigs --topic " + hidden
			report, err := read(t, watch(t, s.watched(t, address(t, "KAFKA_SASL_ADDR"), login)))
			if name == "classic" {
				if err != nil || !warns(report, "topic "+hidden+" is not watched: group "+s.topic+" reads it", grant) {
					t.Errorf("got %v\n%s", err, show(report))
				}
			} else if err == nil || !strings.Contains(err.Error(), "members of group "+s.topic) {
				t.Errorf("got %v\n%s", err, show(report))
			}
			report, _ = read(t, watch(t, settings(t, []string{address(t, "KAFKA_SASL_ADDR")}, login, "topics: {include: ['"+s.topic+"', '"+hidden+"', '"+s.topic+".none']}")))
			if !warns(report, "topic "+hidden+" is not watched", grant) || warns(report, `"`+hidden+`" matches no topic`) {
				t.Errorf("got\n%s", show(report))
			}
			// The broker says of no topic that the user may not describe whether it exists.
			if !warns(report, "topic "+s.topic+".none is not watched") {
				t.Errorf("got\n%s", show(report))
			}
		})
	}
}

func disallow(t *testing.T, c *kgo.Client, user string, kind kmsg.ACLResourceType, name string) {
	t.Helper()
	req := kmsg.NewPtrDeleteACLsRequest()
	one := kmsg.NewDeleteACLsRequestFilter()
	one.ResourceType, one.ResourceName, one.ResourcePatternType = kind, &name, kmsg.ACLResourcePatternTypeLiteral
	principal := "User:" + user
	one.Principal, one.Operation, one.PermissionType = &principal, kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	req.Filters = append(req.Filters, one)
	resp, err := req.RequestWith(within(t), c)
	if err != nil || resp.Results[0].ErrorCode != 0 || len(resp.Results[0].MatchingACLs) == 0 {
		t.Fatalf("delete ACL: %v %+v", err, resp)
	}
}
