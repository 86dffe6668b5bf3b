package kafka

import (
	"errors"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// namesOf lists the names of groups, to ask about them.
func namesOf(groups []*group) []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.name
	}
	return names
}

// keepDescribed takes what a broker says of groups. head returns the name of the group, and the
// error that the broker returns instead of an answer.
func keepDescribed[D any](r *reading, what string, groups []*group, answers []D, head func(*D) (string, sarama.KError), keep func(*group, *D)) {
	named := make(map[string]*group, len(groups))
	for _, g := range groups {
		named[g.name] = g
	}
	for i := range answers {
		name, code := head(&answers[i])
		g := named[name]
		switch {
		case g == nil:
		case code != sarama.ErrNoError:
			r.missing.Add(what+name, groupReason(code))
		default:
			keep(g, &answers[i])
		}
	}
}

// notDescribed notes that a broker did not describe groups. Where it cannot, their members
// are unknown, and unsupported says so; nil: nothing reports it.
func (r *reading) notDescribed(n *client.Node, groups []*group, err error, unsupported func(name string)) {
	if !errors.Is(err, sarama.ErrUnsupportedVersion) {
		r.brokerMissing(n, err)
		return
	}
	if unsupported == nil {
		return
	}
	for _, g := range groups {
		unsupported(g.name)
	}
}
