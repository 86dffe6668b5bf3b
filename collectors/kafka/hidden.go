package kafka

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka/client"
	"github.com/lostorder/lostorder/internal/signal"
)

// mostAsked bounds how many topics or groups a reading asks for by name.
const mostAsked = 1000

const notAuthorized = "not authorized to describe it"

// plainName matches a pattern that is the name of one topic. A dot matches itself.
var plainName = regexp.MustCompile(`^([A-Za-z0-9._-]|\\\.)+$`)

// findHidden asks by name for what the broker does not list although it may exist. A broker
// lists only what its user may describe, so that a topic that is hidden looks like one that
// was deleted; asked by name, it says which.
func (r *reading) findHidden() {
	r.findHiddenTopics()
	if !r.groupsUnknown {
		r.findHiddenGroups()
	}
}

// findHiddenTopics asks for topics that were listed before, that a group subscribes to, or
// that the config names.
func (r *reading) findHiddenTopics() {
	var before, named []string
	for name, past := range r.history.topics {
		if _, listed := r.byName[name]; !listed && past.seen != r.history.reading && !past.gone {
			before = append(before, name)
		}
	}
	for name := range r.unlisted {
		named = append(named, name)
	}
	for _, p := range r.config.Topics.Include {
		if !plainName.MatchString(p.String()) {
			continue
		}
		name := strings.ReplaceAll(p.String(), `\.`, ".")
		if _, listed := r.byName[name]; !listed {
			named = append(named, name)
		}
	}
	slices.Sort(before)
	slices.Sort(named)
	ask := slices.Concat(before, named)
	if len(ask) == 0 || r.ctx.Err() != nil {
		return
	}
	ask = ask[:min(mostAsked, len(ask))]
	answer, err := r.cluster.MetadataOf(r.ctx, ask)
	if err != nil {
		r.missing.Add("topics that are no longer listed", strings.TrimPrefix(err.Error(), "read topics: "))
		return
	}
	for _, t := range answer.Topics {
		past := r.history.topics[t.Name]
		known := past != nil && past.seen != r.history.reading && !past.gone
		switch {
		case errors.Is(t.Err, sarama.ErrTopicAuthorizationFailed) && known:
			r.missing.Add("topic "+t.Name, notAuthorized)
			past.seen = r.history.reading
		case errors.Is(t.Err, sarama.ErrTopicAuthorizationFailed):
			r.hiddenTopics = append(r.hiddenTopics, t.Name)
			r.unmatchedTopics.See(t.Name)
		case errors.Is(t.Err, sarama.ErrUnknownTopicOrPartition) && known:
			past.gone = true
		case known:
			r.missing.Add("topic "+t.Name, "the broker did not list it")
			past.seen = r.history.reading
		}
	}
}

// findHiddenGroups asks for groups that were listed before.
func (r *reading) findHiddenGroups() {
	listed := map[string]bool{}
	for _, groups := range r.groups {
		for _, g := range groups {
			listed[g.name] = true
		}
	}
	var gone []string
	for key, past := range r.history.queues {
		if !listed[key.group] && !past.gone {
			gone = append(gone, key.group)
		}
	}
	if len(gone) == 0 || r.ctx.Err() != nil {
		return
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	hidden, err := r.refused(gone[:min(mostAsked, len(gone))])
	if err != nil {
		r.missing.Add("groups that are no longer listed", r.cluster.Explain(err).Error())
		return
	}
	for _, name := range hidden {
		r.missing.Add("group "+name, notAuthorized)
	}
	for key, past := range r.history.queues {
		switch {
		case listed[key.group]:
		case slices.Contains(hidden, key.group):
			past.seen = r.history.reading
		default:
			past.gone = true
		}
	}
}

// refused returns the groups that this user may not describe. Every broker checks that
// before it checks whether it coordinates the group.
func (r *reading) refused(groups []string) (refused []string, err error) {
	for _, n := range r.cluster.Contacts() {
		var answer *sarama.DescribeGroupsResponse
		answer, err = client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.DescribeGroupsResponse, error) {
			return b.DescribeGroups(&sarama.DescribeGroupsRequest{Version: r.describeVersion(), Groups: groups})
		})
		if err != nil {
			continue
		}
		for _, g := range answer.Groups {
			if errors.Is(g.Err, sarama.ErrGroupAuthorizationFailed) {
				refused = append(refused, g.GroupId)
			}
		}
		return refused, nil
	}
	return nil, err
}

// unlist notes a topic that a member reads and that the broker does not list.
func (r *reading) unlist(topic, group string) {
	if _, listed := r.byName[topic]; listed || !r.config.watchesTopic(topic) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unlisted == nil {
		r.unlisted = map[string]string{}
	}
	if before := r.unlisted[topic]; before == "" || group < before {
		r.unlisted[topic] = group
	}
}

// remedies are the commands for the rights that the reading lacked.
func (r *reading) remedies() (all []signal.Remedy) {
	who := r.config.principal()
	if who == "" {
		return nil
	}
	lacks := func(what, operations, kind string, s collectors.Scope) {
		for _, command := range acls(r.config.Brokers[0], who, operations, kind, s) {
			all = signal.MergeRemedies(all, []signal.Remedy{{Kind: signal.RemedyGrant, Text: command, For: what}})
		}
	}
	if len(r.hiddenTopics) > 0 || len(r.settingsDenied()) > 0 || r.missing.Has(notAuthorized) {
		lacks("topics", "--operation Describe --operation DescribeConfigs", "--topic", r.config.topicScope())
	}
	if r.missing.Has(notAuthorized) {
		lacks("groups", "--operation Describe", "--group", collectors.ScopeOf(r.config.Groups.Include))
	}
	if r.config.OrderID != "" && len(r.history.denied) > 0 {
		lacks("messages", "--operation Read", "--topic", r.config.topicScope())
	}
	return all
}

// hiddenWarnings reports the topics that exist as far as is known, and are not watched
// because this user may not describe them.
func (r *reading) hiddenWarnings() (list []string) {
	slices.Sort(r.hiddenTopics)
	for _, name := range slices.Compact(r.hiddenTopics) {
		why := "the config names it"
		if group := r.unlisted[name]; group != "" {
			why = "group " + group + " reads it"
		}
		grant := "grant DESCRIBE on it"
		if who := r.config.principal(); who != "" {
			grant += ": " + strings.Join(acls(r.config.Brokers[0], who, "--operation Describe --operation DescribeConfigs", "--topic", collectors.Scope{Names: []string{name}}), "; ")
		}
		list = append(list, fmt.Sprintf("topic %s is not watched: %s, and this user is %s; %s", name, why, notAuthorized, grant))
	}
	return few(list)
}
