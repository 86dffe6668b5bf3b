package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// Advise returns the rights that lostorder needs where the cluster authenticates it, and
// warns about rights that a reading needs only once a group stalls.
func (r *reader) Advise(ctx context.Context) []collectors.Advice {
	var advice []collectors.Advice
	defer r.cluster.Tie(ctx)()
	unreadable := r.unreadable(ctx)
	if len(unreadable) > 0 {
		advice = append(advice, collectors.Advice{
			Kind: collectors.Warning, Text: "not authorized to read messages: findings cannot name orders (order_id); grant READ on topics " + collectors.Some(unreadable),
		})
	}
	who := r.config.principal()
	if who == "" {
		return advice
	}
	topics, groups := r.config.topicScope(), collectors.ScopeOf(r.config.Groups.Include)
	grant := func(operations, kind string, s collectors.Scope) []string {
		return acls(r.config.Brokers[0], who, operations, kind, s)
	}
	optional := "optional: to read the messages that wait, so that findings can name orders (order_id) and transaction markers do not count as backlog"
	if r.config.OrderID != "" {
		optional = "to read the messages that wait, so that findings name orders (order_id) and transaction markers do not count as backlog"
	}
	if r.config.Commits.Topic {
		advice = append(advice, collectors.Advice{Kind: collectors.Grant, Text: "to find out who moved a committed offset, and when offsets expire (commits.topic)", Paste: r.config.offsetsTopicGrant() + "\n" + r.config.offsetsKeptGrant()})
	}
	describe, list, read := grant("--operation Describe --operation DescribeConfigs", "--topic", topics), grant("--operation Describe", "--group", groups), grant("--operation Read", "--topic", topics)
	var lacking, lackingRead []string
	blind := r.lackingTopics(ctx)
	if blind {
		lacking = append(lacking, describe...)
	}
	if r.lackingGroups(ctx) {
		lacking = append(lacking, list...)
	}
	if r.config.OrderID != "" && (blind || len(unreadable) > 0) {
		lackingRead = read
	}
	return append(
		advice,
		collectors.Advice{
			Kind: collectors.Grant, Text: "to read topics, their retention, groups and offsets, and nothing else; admin.properties holds your admin credentials",
			Paste: strings.Join(slices.Concat(describe, list), "\n"), Lacking: strings.Join(lacking, "\n"),
		},
		collectors.Advice{Kind: collectors.Grant, Text: optional, Paste: strings.Join(read, "\n"), Lacking: strings.Join(lackingRead, "\n")},
		collectors.Advice{
			Kind: collectors.Grant, Text: "optional: to see which transactions are open, so that transaction_hanging names them and leaves out those that only take long",
			Paste: strings.Join(grant("--operation Describe", "--transactional-id", collectors.ScopeOf(nil)), "\n"),
		},
	)
}

// acl is a command without the resource that it is about.
func acl(broker, who, operations string) string {
	return "kafka-acls.sh --bootstrap-server " + broker + " --command-config admin.properties --add --allow-principal " + collectors.Word("User:"+who) + " " + operations
}

// acls are the commands that allow a principal some operations on a scope.
func acls(broker, who, operations, kind string, s collectors.Scope) (commands []string) {
	command := acl(broker, who, operations)
	if slices.Contains(s.Prefixes, "") {
		return []string{command + " " + kind + " '*'"}
	}
	for _, part := range []struct {
		names []string
		how   string
	}{{s.Names, ""}, {s.Prefixes, " --resource-pattern-type prefixed"}} {
		if len(part.names) == 0 {
			continue
		}
		words := []string{command + part.how}
		for _, name := range part.names {
			words = append(words, kind, collectors.Word(name))
		}
		commands = append(commands, strings.Join(words, " "))
	}
	return commands
}

// topicScope are the topics to watch and their dead letter queues.
func (c *Config) topicScope() collectors.Scope {
	s := collectors.ScopeOf(c.Topics.Include)
	all := s
	add := func(name string) {
		if before, _, anyGroup := strings.Cut(name, groupPlaceholder); anyGroup {
			all.Prefixes = append(all.Prefixes, before)
		} else {
			all.Names = append(all.Names, name)
		}
	}
	for _, pattern := range c.DLQ {
		before, _, named := strings.Cut(pattern, topicPlaceholder)
		if !named {
			add(pattern)
			continue
		}
		for _, name := range s.Names {
			add(strings.ReplaceAll(pattern, topicPlaceholder, name))
		}
		before, _, _ = strings.Cut(before, groupPlaceholder)
		for _, prefix := range s.Prefixes {
			if before != "" { // otherwise the prefix of the topic covers it
				all.Prefixes = append(all.Prefixes, before+prefix)
			}
		}
	}
	return all
}

// principal is the broker's name for lostorder, as far as the config shows; empty if
// anonymous. The broker may map the name in a certificate to another one
// (ssl.principal.mapping.rules).
func (c *Config) principal() string {
	switch {
	case c.SASL != nil:
		return c.SASL.Principal()
	case c.TLS == nil || c.TLS.CertFile == "":
		return ""
	}
	pair, err := tls.LoadX509KeyPair(c.TLS.CertFile, c.TLS.KeyFile)
	if err != nil {
		return ""
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return ""
	}
	return cert.Subject.String()
}

// unreadable are the topics without the READ right that order_id needs, as far as the
// broker shows rights (from 2.3 on).
func (r *reader) unreadable(ctx context.Context) (topics []string) {
	if r.config.OrderID == "" {
		return nil
	}
	answer, err := r.cluster.Metadata(ctx, true)
	if err != nil {
		return nil // the reading reports why
	}
	for _, t := range answer.Topics {
		may := t.TopicAuthorizedOperations
		if known := answer.Version >= client.RightsFrom && may != client.NoRights; known && t.Err == sarama.ErrNoError && r.config.watchesTopic(t.Name) && may&(1<<sarama.AclOperationRead) == 0 {
			topics = append(topics, t.Name)
		}
	}
	slices.SortFunc(topics, cmp.Compare)
	return topics
}
