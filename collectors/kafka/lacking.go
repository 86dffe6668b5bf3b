package kafka

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
)

// lackingTopics reports whether the user may not describe a part of the topics to watch, and
// lackingGroups the same of groups. A broker lists only what its user may describe, so that a
// right that is missing shows only where a name is asked for. What the last reading saw need
// not be asked for. It is unknown, and false, when the broker does not answer.
func (r *reader) lackingTopics(ctx context.Context) bool {
	ask := unseen(collectors.ScopeOf(r.config.Topics.Include), maps.Keys(r.history.topics))
	if len(ask) == 0 {
		return false
	}
	answer, err := r.cluster.MetadataOf(ctx, ask)
	return err == nil && slices.ContainsFunc(answer.Topics, func(t *sarama.TopicMetadata) bool {
		return errors.Is(t.Err, sarama.ErrTopicAuthorizationFailed)
	})
}

func (r *reader) lackingGroups(ctx context.Context) bool {
	ask := unseen(collectors.ScopeOf(r.config.Groups.Include), func(yield func(string) bool) {
		for key := range r.history.queues {
			if !yield(key.group) {
				return
			}
		}
	})
	if len(ask) == 0 {
		return false
	}
	refused, err := (&reading{ctx: ctx, cluster: r.cluster}).refused(ask)
	return err == nil && len(refused) > 0
}

// anyName is a name to ask for where the scope is everything.
const anyName = "lostorder"

// unseen returns a name to ask for in each part of a scope in which no name was seen.
func unseen(s collectors.Scope, seen iter.Seq[string]) (ask []string) {
	names := slices.Collect(seen)
	for _, name := range s.Names {
		if !slices.Contains(names, name) {
			ask = append(ask, name)
		}
	}
	for _, prefix := range s.Prefixes {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		if prefix == "" {
			prefix = anyName
		}
		ask = append(ask, prefix)
	}
	return ask[:min(mostAsked, len(ask))]
}
