package kafka

import (
	"regexp"
	"slices"
	"strings"
)

// Placeholders in a name of a dead letter queue.
const (
	topicPlaceholder = "{topic}"
	groupPlaceholder = "{group}"
)

// pairDeadLetters finds the dead letter queues of the watched topics by name.
func (r *reading) pairDeadLetters() {
	for i := range r.topics {
		t := &r.topics[i]
		if r.config.excludesTopic(t.name) {
			continue
		}
		if t.purpose = r.config.role(t.name); t.purpose.Role.KeepsFailed() {
			t.dlq = &deadLetters{}
		} else if t.purpose.Role != "" {
			continue
		}
		for _, pattern := range r.config.DLQ {
			source, ok := sourceOf(t.name, pattern, r.watches)
			if !ok || source == t.name {
				continue
			}
			if t.dlq == nil {
				t.dlq = &deadLetters{}
			}
			// A name without the topic is one queue for all topics. It does not say whose
			// messages they are.
			if source != "" && !slices.Contains(t.dlq.sources, source) {
				t.dlq.sources = append(t.dlq.sources, source)
			}
		}
		if t.dlq != nil {
			slices.Sort(t.dlq.sources)
		}
	}
}

// watches reports whether a topic exists and is watched.
func (r *reading) watches(topic string) bool {
	i, ok := r.byName[topic]
	return ok && r.topics[i].watched
}

// sourceOf returns the topic whose dead letter queue a name is by a pattern; empty where the
// pattern does not name the topic. {group} stands for any text. Where several topics fit,
// the longest name is the source.
func sourceOf(name, pattern string, isTopic func(string) bool) (source string, ok bool) {
	before, after, named := strings.Cut(pattern, topicPlaceholder)
	if !named {
		rest, ok := withoutGroup(name, pattern)
		return "", ok && rest == ""
	}
	if !strings.Contains(pattern, groupPlaceholder) {
		if len(name) <= len(before)+len(after) || !strings.HasPrefix(name, before) || !strings.HasSuffix(name, after) {
			return "", false
		}
		source = name[len(before) : len(name)-len(after)]
		return source, isTopic(source)
	}
	if !strings.HasPrefix(name, pattern[:strings.Index(pattern, "{")]) || !strings.HasSuffix(name, pattern[strings.LastIndex(pattern, "}")+1:]) {
		return "", false
	}
	for from := range name {
		for to := len(name); to > from && to-from > len(source); to-- {
			if !isTopic(name[from:to]) {
				continue
			}
			left, fits := withoutGroup(name[:from], before)
			right, fitsToo := withoutGroup(name[to:], after)
			if fits && fitsToo && left == "" && right == "" {
				source = name[from:to]
			}
		}
	}
	return source, source != ""
}

// withoutGroup matches a text against a pattern in which {group} may stand for any text of
// at least one byte, and returns what is left of the text after the pattern.
func withoutGroup(text, pattern string) (rest string, ok bool) {
	before, after, named := strings.Cut(pattern, groupPlaceholder)
	switch {
	case !named:
		return strings.TrimPrefix(text, pattern), strings.HasPrefix(text, pattern)
	case len(text) <= len(before)+len(after):
		return text, false
	}
	return "", strings.HasPrefix(text, before) && strings.HasSuffix(text, after)
}

// deadLetterName is what names of dead letter queues have in common.
var deadLetterName = regexp.MustCompile(`(?i)(^|[._-])(dlq|dlt|dead[._-]?letters?)([._-]|$)`)

// unpairedDeadLetters lists the watched topics that are named like a dead letter queue and
// paired with no topic, each with the line for the config.
func (r *reading) unpairedDeadLetters() (list []string) {
	for i := range r.topics {
		t := &r.topics[i]
		if t.watched && !t.deleted && t.unpaired && deadLetterName.MatchString(t.name) && !streamsInternal(t.name) {
			list = append(list, "topic "+t.name+" is named like a dead letter queue and belongs to no watched topic; add '"+r.patternFor(t.name)+"' to dlq, or exclude it")
		}
	}
	return few(list)
}

// streamsInternal reports whether Kafka Streams made the topic for its own use.
func streamsInternal(name string) bool {
	return strings.HasSuffix(name, "-changelog") || strings.HasSuffix(name, "-repartition")
}

// patternFor proposes a name for the config: with {topic} where the longest watched topic
// is part of it.
func (r *reading) patternFor(name string) string {
	longest := ""
	for i := range r.topics {
		if t := &r.topics[i]; t.watched && t.name != name && len(t.name) > len(longest) && strings.Contains(name, t.name) {
			longest = t.name
		}
	}
	if longest == "" {
		return name
	}
	return strings.Replace(name, longest, topicPlaceholder, 1)
}
