package kafka

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
)

// warnShare notes a share group whose offsets the broker does not return.
func (r *reading) warnShare(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.share = append(r.share, name)
}

// warnStreams notes a streams group whose members the broker does not return.
func (r *reading) warnStreams(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams = append(r.streams, name)
}

// warnings lists what the operator should fix. The same state has the same warnings.
func (r *reading) warnings() []string {
	var list []string
	if len(r.share) > 0 {
		list = append(list, "share groups are not watched: "+collectors.Some(r.share))
	}
	if len(r.streams) > 0 {
		list = append(list, "members of streams groups are unknown; only their commits are read: "+collectors.Some(r.streams))
	}
	if len(r.history.denied) > 0 {
		topics := slices.Collect(maps.Keys(r.history.denied))
		list = append(list, "not authorized to read messages: findings name no orders, and transaction markers count as backlog; grant READ on topics "+collectors.Some(topics))
	}
	if denied := r.settingsDenied(); len(denied) > 0 {
		list = append(list, "not authorized to read topic settings: message_expiring cannot be decided; grant DESCRIBE_CONFIGS on topics "+collectors.Some(denied))
	}
	list = append(list, r.throttledWarnings()...)
	list = append(list, r.unpairedDeadLetters()...)
	list = append(list, few(r.offsetsTopicWarnings)...)
	list = append(list, few(r.openTransactions)...)
	list = append(list, few(r.beyondEnd)...)
	list = append(list, few(r.leftOver)...)
	list = append(list, r.hiddenWarnings()...)
	list = append(list, r.unmatchedWarnings()...)
	return append(list, r.emptyWarnings()...)
}

// throttledWarnings lists the brokers that apply a quota to this user.
func (r *reading) throttledWarnings() (list []string) {
	for _, n := range r.cluster.Throttled() {
		list = append(list, fmt.Sprintf("broker %d (%s) throttles this user by a quota, so that readings take longer: raise its request_percentage, or interval", n.ID, n.Addr))
	}
	slices.Sort(list)
	return few(list)
}

// unmatchedWarnings lists the includes that match nothing. While the groups of a broker
// are unknown, it leaves out those of groups.
func (r *reading) unmatchedWarnings() []string {
	list := r.unmatchedTopics.Warnings("topics.include", "topic")
	if !r.groupsUnknown {
		list = append(list, r.unmatchedGroups.Warnings("groups.include", "group")...)
	}
	return list
}

// emptyWarnings reports that no topic or group is visible. A broker hides what a user has
// no right to, so the cluster would seem empty and healthy.
func (r *reading) emptyWarnings() []string {
	switch {
	case !slices.ContainsFunc(r.topics, func(t topic) bool { return !strings.HasPrefix(t.name, "__") }):
		return []string{"no topic is visible: there is none, or this user has no DESCRIBE right on any"}
	case !r.anyGroup && !r.groupsUnknown:
		return []string{"no consumer group is visible: there is none, or this user has no DESCRIBE right on any"}
	}
	return nil
}

// warningsKept bounds the warnings of one kind.
const warningsKept = 10

// few keeps the first warnings of a kind.
func few(list []string) []string { return list[:min(len(list), warningsKept)] }
