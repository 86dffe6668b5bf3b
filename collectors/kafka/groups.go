package kafka

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// The types of groups, as brokers name them since Kafka 3.8.
const (
	typeClassic  = "classic"
	typeConsumer = "consumer" // KIP-848
	typeShare    = "share"
	typeStreams  = "streams"
)

// The states of a group in which it has no members.
const (
	stateEmpty = "Empty"
	stateDead  = "Dead"
)

// stateStable is the state of a group whose members own their partitions.
const stateStable = "Stable"

// consumerProtocol is the protocol type of groups that assign partitions to members.
const consumerProtocol = "consumer"

// group is a consumer group in one reading.
type group struct {
	name     string
	kind     string
	protocol string
	state    string
	// members is how many there are; -1 when unknown.
	members int
	// fingerprint changes with the members; 0 when there are none.
	fingerprint uint64
	// topics are those that members own or subscribe to.
	topics map[int32]*subscription
	// assigned: topics is complete, so no member reads what is not in it.
	assigned bool
	// subscribed: the subscriptions of all members are known.
	subscribed bool
	// kept: the members are those of an earlier reading.
	kept bool
	// epochs: some of its commits have leader epochs.
	epochs bool
}

// subscription counts the members that own partitions of a topic or subscribe to it.
type subscription struct {
	owners      int
	subscribers int
	partitions  []int32
}

// groupsPerRequest bounds an answer that describes groups: it has the whole subscription
// of every member.
const groupsPerRequest = 100

// readGroups lists the groups that a broker coordinates, describes those that have
// members, and returns those whose commits are wanted.
func (r *reading) readGroups(n *client.Node) []*group {
	speaks := r.cluster.Version()
	version := client.Pick(speaks, client.Step{Since: sarama.V3_8_0_0, Version: 5}, client.Step{Since: sarama.V2_6_0_0, Version: 4}, client.Step{Since: sarama.V2_4_0_0, Version: 3},
		client.Step{Since: sarama.V2_0_0_0, Version: 2}, client.Step{Since: sarama.V0_11_0_0, Version: 1})
	answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.ListGroupsResponse, error) {
		return b.ListGroups(&sarama.ListGroupsRequest{Version: version})
	})
	switch {
	case err != nil:
		r.loseGroups()
		r.brokerMissing(n, err)
		return nil
	case answer.Err != sarama.ErrNoError:
		r.loseGroups()
		r.missing.Add(fmt.Sprintf("groups of broker %d", n.ID), groupReason(answer.Err))
		return nil
	}
	groups := make([]*group, 0, len(answer.Groups))
	var classic, consumer, streams, share []*group
	r.observeGroups(answer.Groups)
	for name, protocol := range answer.Groups {
		if !r.config.watchesGroup(name) {
			continue
		}
		data := answer.GroupsData[name] // a nil map for brokers before 2.6
		g := &group{name: name, kind: kindOf(data.GroupType, protocol), protocol: protocol, state: data.GroupState, members: -1}
		switch {
		case g.state == stateEmpty || g.state == stateDead:
			g.noMembers()
		case r.described(g):
		case g.kind == typeConsumer:
			consumer = append(consumer, g)
		case g.kind == typeStreams:
			streams = append(streams, g)
		case g.kind == typeShare:
			share = append(share, g)
		case protocol == consumerProtocol || protocol == "" && g.state == "":
			classic = append(classic, g)
		}
		groups = append(groups, g)
	}
	for batch := range slices.Chunk(classic, groupsPerRequest) {
		r.describeClassic(n, batch)
	}
	for batch := range slices.Chunk(consumer, groupsPerRequest) {
		r.describeConsumer(n, batch)
	}
	for batch := range slices.Chunk(streams, groupsPerRequest) {
		r.describeStreams(n, batch)
	}
	for batch := range slices.Chunk(share, groupsPerRequest) {
		r.describeShare(n, batch)
	}
	return groups
}

// keepGroups keeps the groups that a broker coordinates.
func (r *reading) keepGroups(n *client.Node, groups []*group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.groups == nil {
		r.groups = map[int32][]*group{}
	}
	r.groups[n.ID] = groups
}

// observeGroups keeps that a broker listed its groups, loseGroups that it did not.
func (r *reading) observeGroups(groups map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range groups {
		r.unmatchedGroups.See(name)
		r.anyGroup = true
	}
}

func (r *reading) loseGroups() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groupsUnknown = true
}

// kindOf returns the type of a group. A broker before 3.8 returns only the protocol.
func kindOf(kind, protocol string) string {
	switch {
	case kind != "":
		return kind
	case protocol == typeShare:
		return typeShare
	}
	return typeClassic
}

// noMembers notes that the group has no members. Where it never had any, consumers
// assign partitions themselves and only commit here; the broker does not know them.
func (g *group) noMembers() {
	if g.simple() {
		return
	}
	g.members, g.assigned = 0, true
}

// tool is the command of Kafka that changes the offsets of the group.
func (g *group) tool() string {
	if g.kind == typeShare {
		return "kafka-share-groups.sh"
	}
	return "kafka-consumer-groups.sh"
}

// simple reports whether the group only stores commits.
func (g *group) simple() bool { return g.protocol == "" && g.kind == typeClassic }

// subscription returns the counts of a topic, to be added to.
func (g *group) subscription(topic int32) *subscription {
	if g.topics == nil {
		g.topics = map[int32]*subscription{}
	}
	h := g.topics[topic]
	if h == nil {
		h = &subscription{}
		g.topics[topic] = h
	}
	return h
}

// addMember adds a member to the fingerprint, whatever the order of the members.
func (g *group) addMember(memberID string) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(memberID)) // never fails
	g.fingerprint += h.Sum64() | 1
}

// own adds the partitions of one member; subscribe adds a member that subscribes.
func (r *reading) own(g *group, topic string, partitions []int32) {
	if len(partitions) == 0 {
		return
	}
	r.unlist(topic, g.name)
	if i, t := r.topicAt(topic); t != nil {
		h := g.subscription(i)
		h.owners++
		h.partitions = append(h.partitions, partitions...)
	}
}

func (r *reading) subscribe(g *group, topic string) {
	r.unlist(topic, g.name)
	if i, t := r.topicAt(topic); t != nil {
		g.subscription(i).subscribers++
	}
}
