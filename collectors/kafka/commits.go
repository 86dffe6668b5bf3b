package kafka

import (
	"errors"
	"slices"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// commitsPerRequest is how many groups one request names. More would save nothing and make
// the answer large.
const commitsPerRequest = 16

// readCommits reads the commits of groups on all topics, and adds their queues.
func (r *reading) readCommits(n *client.Node, groups []*group) {
	size := commitsPerRequest
	if n.OneGroup || !r.cluster.Version().IsAtLeast(sarama.V3_0_0_0) {
		size = 1
	}
	batches := slices.Collect(slices.Chunk(groups, size))
	if len(batches) == 0 {
		return
	}
	// The first alone: it shows whether the broker supports several.
	if !n.OneGroup && !r.askCommits(n, batches[0]) {
		n.OneGroup = true // a broker before 3.0
		r.readCommits(n, groups)
		return
	}
	if !n.OneGroup {
		batches = batches[1:]
	}
	client.Pipeline(batches, func(batch []*group) { r.askCommits(n, batch) })
}

// askCommits asks for the commits of some groups. It returns false when the broker
// supports only one for each request.
func (r *reading) askCommits(n *client.Node, batch []*group) (understood bool) {
	request := r.commitsRequest(batch)
	answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.OffsetFetchResponse, error) {
		return b.FetchOffset(request)
	})
	var tooMany sarama.PacketEncodingError
	switch {
	case err != nil && len(batch) > 1 && errors.As(err, &tooMany):
		return false
	case err != nil:
		r.brokerMissing(n, err)
	default:
		r.keepAnswer(batch, answer)
	}
	return true
}

func (r *reading) commitsRequest(groups []*group) *sarama.OffsetFetchRequest {
	request := sarama.NewOffsetFetchRequest(r.cluster.Version(), groups[0].name, nil)
	if request.Version >= 8 {
		request.ConsumerGroup, request.Groups = "", make([]sarama.OffsetFetchRequestGroup, len(groups))
		for i, g := range groups {
			request.Groups[i].GroupId = g.name
		}
	}
	return request
}

func (r *reading) keepAnswer(batch []*group, answer *sarama.OffsetFetchResponse) {
	if answer.Version < 8 {
		r.keepCommits(batch[0], answer.Blocks, answer.Err)
		return
	}
	for i := range answer.Groups {
		a := &answer.Groups[i]
		at := slices.IndexFunc(batch, func(g *group) bool { return g.name == a.GroupId })
		if at >= 0 {
			r.keepCommits(batch[at], a.Blocks, a.Err)
		}
	}
}

// keepCommits adds the queues of a group: the topics with its commits, and those that its
// members own or subscribe to.
func (r *reading) keepCommits(g *group, commits map[string]map[int32]*sarama.OffsetFetchResponseBlock, err sarama.KError) {
	if err != sarama.ErrNoError {
		r.missing.Add("group "+g.name, groupReason(err))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, partitions := range commits {
		i, t := r.topicAt(name)
		if t == nil || !anyCommit(partitions) {
			continue
		}
		from := r.addQueue(i, g)
		if g.simple() {
			r.keepCommitted(from, partitions)
			continue
		}
		for p, block := range partitions {
			if int(p) < len(t.leaders) && block.Err == sarama.ErrNoError {
				g.epochs = g.epochs || block.Offset >= 0 && block.LeaderEpoch >= 0
				r.parts[from+int(p)].Committed = block.Offset
			}
		}
	}
	for i := range g.topics {
		if partitions, ok := commits[r.topics[i].name]; !ok || !anyCommit(partitions) {
			r.addQueue(i, g)
		}
	}
}

// anyCommit reports whether any of the partitions has a commit; brokers may return others,
// too.
func anyCommit(partitions map[int32]*sarama.OffsetFetchResponseBlock) bool {
	for _, block := range partitions {
		if block.Err == sarama.ErrNoError && block.Offset >= 0 {
			return true
		}
	}
	return false
}
