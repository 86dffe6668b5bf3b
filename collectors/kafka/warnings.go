package kafka

import (
	"maps"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
)

// warnShare notes a share group, of which nothing is read.
func (r *reading) warnShare(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.share = append(r.share, name)
}

// warnStreams notes a streams group, of whose members nothing is read.
func (r *reading) warnStreams(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams = append(r.streams, name)
}

// warnings says what the operator should know; the same for the same state.
func (r *reading) warnings() []string {
	var list []string
	if len(r.share) > 0 {
		list = append(list, "share groups are not watched: "+collectors.Some(r.share))
	}
	if len(r.streams) > 0 {
		list = append(list, "whether streams groups have members is not known, only what they committed: "+collectors.Some(r.streams))
	}
	if len(r.history.refused) > 0 {
		topics := slices.Collect(maps.Keys(r.history.refused))
		list = append(list, "not authorized to read messages, so that no orders are named and transaction markers count as backlog; grant READ on topics "+collectors.Some(topics))
	}
	if denied := r.settingsDenied(); len(denied) > 0 {
		list = append(list, "not authorized to read how long messages are kept, so that nothing is said before they are removed; grant DESCRIBE_CONFIGS on topics "+collectors.Some(denied))
	}
	list = append(list, r.unmatchedWarnings()...)
	return append(list, r.emptyWarnings()...)
}

// unmatchedWarnings says which includes match nothing. While a broker does not
// tell its groups, nothing is said of those.
func (r *reading) unmatchedWarnings() []string {
	list := r.lostTopics.Warnings("topics.include", "topic")
	if !r.groupsMissing {
		list = append(list, r.lostGroups.Warnings("groups.include", "group")...)
	}
	return list
}

// emptyWarnings says that nothing is seen: a broker hides from a user what he has no
// right to, so that a cluster looks empty and well.
func (r *reading) emptyWarnings() []string {
	switch {
	case !slices.ContainsFunc(r.topics, func(t topic) bool { return !strings.HasPrefix(t.name, "__") }):
		return []string{"no topic is seen: there is none, or this user has no right to see one (DESCRIBE)"}
	case !r.groupSeen && !r.groupsMissing:
		return []string{"no consumer group is seen: there is none, or this user has no right to see one (DESCRIBE)"}
	}
	return nil
}
