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

// Advise says which rights are needed, of a cluster that asks who we are, and whether
// those are there that a reading asks for only when something stands still.
func (r *reader) Advise(ctx context.Context) []collectors.Advice {
	var advice []collectors.Advice
	if topics := r.unreadable(ctx); len(topics) > 0 {
		advice = append(advice, collectors.Advice{
			Kind: collectors.Warning, Text: "not authorized to read messages, so that no orders are named (order_id); grant READ on topics " + collectors.Some(topics),
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
	optional := "optional: to look at the heads of topics, so that orders can be named (order_id) and markers of transactions are no backlog"
	if r.config.OrderID != "" {
		optional = "to look at the heads of topics, so that orders are named (order_id) and markers of transactions are no backlog"
	}
	return append(
		advice,
		collectors.Advice{
			Kind: collectors.Grant, Text: "to see topics, how long they keep messages, groups and offsets, and nothing else; admin.properties is with what you log in",
			Paste: strings.Join(append(grant("--operation Describe --operation DescribeConfigs", "--topic", topics), grant("--operation Describe", "--group", groups)...), "\n"),
		},
		collectors.Advice{Kind: collectors.Grant, Text: optional, Paste: strings.Join(grant("--operation Read", "--topic", topics), "\n")},
	)
}

// acls are the commands that let somebody do something with all that is in a scope.
func acls(broker, who, operations, kind string, s collectors.Scope) (commands []string) {
	command := "kafka-acls.sh --bootstrap-server " + broker + " --command-config admin.properties --add --allow-principal " + collectors.Word("User:"+who) + " " + operations
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

// topicScope are the topics to watch, and their dead letter queues.
func (c *Config) topicScope() collectors.Scope {
	s := collectors.ScopeOf(c.Topics.Include)
	all := s
	for _, pattern := range c.DLQ {
		before, _, named := strings.Cut(pattern, topicHolder)
		if !named {
			all.Names = append(all.Names, pattern)
			continue
		}
		for _, name := range s.Names {
			all.Names = append(all.Names, strings.ReplaceAll(pattern, topicHolder, name))
		}
		for _, prefix := range s.Prefixes {
			if before != "" { // otherwise it begins as its topic does
				all.Prefixes = append(all.Prefixes, before+prefix)
			}
		}
	}
	return all
}

// principal is who the broker takes us for, as far as the config tells; empty where
// nobody logs in. Rules of the broker (ssl.principal.mapping.rules) may make another
// of the name in a certificate.
func (c *Config) principal() string {
	switch {
	case c.SASL != nil:
		return c.SASL.Username
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

// unreadable are the topics that may be seen and not read although orders are to be
// named, as far as the broker says (from 2.3 on).
func (r *reader) unreadable(ctx context.Context) (topics []string) {
	if r.config.OrderID == "" {
		return nil
	}
	defer r.cluster.Tie(ctx)()
	answer, err := r.cluster.Metadata(ctx, true)
	if err != nil {
		return nil // the reading has said why
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
