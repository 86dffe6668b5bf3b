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

// consumerProtocol is the protocol type of groups whose members share out
// partitions of topics.
const consumerProtocol = "consumer"

// group is what one reading knows of a consumer group.
type group struct {
	name     string
	kind     string
	protocol string
	state    string
	// members is how many there are; -1 when the broker cannot say.
	members int
	// fingerprint is of who they are; 0 when there are none.
	fingerprint uint64
	// holds is what members of the group read or asked for, by topic.
	holds map[int32]*holding
	// wholly: the holds are known, so that what is not in them is read by nobody.
	wholly bool
}

// holding is what members of a group do with one topic.
type holding struct {
	owners      int
	subscribers int
	partitions  []int32
}

// groupsPerRequest bounds an answer that describes groups, which holds the whole
// subscription of every member.
const groupsPerRequest = 100

// readGroups lists the groups that a broker coordinates, describes those that
// have members, and returns those of which commits are to be read.
func (r *reading) readGroups(n *client.Node) []*group {
	speaks := r.cluster.Version()
	version := client.Pick(speaks, client.Step{Since: sarama.V3_8_0_0, Version: 5}, client.Step{Since: sarama.V2_6_0_0, Version: 4}, client.Step{Since: sarama.V2_4_0_0, Version: 3},
		client.Step{Since: sarama.V2_0_0_0, Version: 2}, client.Step{Since: sarama.V0_11_0_0, Version: 1})
	answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.ListGroupsResponse, error) {
		return b.ListGroups(&sarama.ListGroupsRequest{Version: version})
	})
	switch {
	case err != nil:
		r.missGroups()
		r.brokerMissing(n, err)
		return nil
	case answer.Err != sarama.ErrNoError:
		r.missGroups()
		r.missing.Add(fmt.Sprintf("groups of broker %d", n.ID), groupReason(answer.Err))
		return nil
	}
	groups := make([]*group, 0, len(answer.Groups))
	var classic, consumer []*group
	r.seeGroups(answer.Groups)
	for name, protocol := range answer.Groups {
		if !r.config.watchesGroup(name) {
			continue
		}
		data := answer.GroupsData[name] // a nil map for brokers before 2.6
		g := &group{name: name, kind: kindOf(data.GroupType, protocol), protocol: protocol, state: data.GroupState, members: -1}
		switch {
		case g.kind == typeShare:
			r.warnShare(name)
			continue
		case g.state == stateEmpty || g.state == stateDead:
			g.nobody()
		case g.kind == typeConsumer:
			consumer = append(consumer, g)
		case g.kind == typeStreams:
			r.warnStreams(name)
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

// seeGroups notes the names of a broker's groups, missGroups that they are not known.
func (r *reading) seeGroups(groups map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range groups {
		r.lostGroups.See(name)
		r.groupSeen = true
	}
}

func (r *reading) missGroups() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groupsMissing = true
}

// kindOf returns the type of a group; a broker before 3.8 says only the protocol.
func kindOf(kind, protocol string) string {
	switch {
	case kind != "":
		return kind
	case protocol == typeShare:
		return typeShare
	}
	return typeClassic
}

// nobody notes that the group has no members. A group that never had any is one
// whose readers take partitions by themselves and only commit here: of those the
// broker knows nothing.
func (g *group) nobody() {
	if g.simple() {
		return
	}
	g.members, g.wholly = 0, true
}

// simple reports whether the group only keeps commits.
func (g *group) simple() bool { return g.protocol == "" && g.kind == typeClassic }

// hold returns what the group does with a topic, to be added to.
func (g *group) hold(topic int32) *holding {
	if g.holds == nil {
		g.holds = map[int32]*holding{}
	}
	h := g.holds[topic]
	if h == nil {
		h = &holding{}
		g.holds[topic] = h
	}
	return h
}

// meet notes who is a member. The order in which the broker names them says nothing.
func (g *group) meet(memberID string) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(memberID)) // never fails
	g.fingerprint += h.Sum64() | 1
}

// own adds partitions that one member reads; subscribe adds a member that asked
// for a topic.
func (r *reading) own(g *group, topic string, partitions []int32) {
	if i, t := r.topicAt(topic); t != nil && len(partitions) > 0 {
		h := g.hold(i)
		h.owners++
		h.partitions = append(h.partitions, partitions...)
	}
}

func (r *reading) subscribe(g *group, topic string) {
	if i, t := r.topicAt(topic); t != nil {
		g.hold(i).subscribers++
	}
}
