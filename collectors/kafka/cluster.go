package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/IBM/sarama"
)

// cluster is the brokers of a cluster and the connections to them, which last
// from one reading to the next.
//
// sarama's own Client is not used: it sleeps between attempts, refreshes in the
// background and hides which broker failed. Its Brokers are all that is needed,
// for the groups that a broker lists are the ones that it coordinates.
type cluster struct {
	seeds   []string
	conf    *sarama.Config
	nodes   map[int32]*node
	reading uint64
}

// begin starts a reading: what failed in the last one is tried again.
func (c *cluster) begin() {
	c.reading++
	for _, n := range c.nodes {
		n.failed = nil
	}
}

// close ends all connections.
func (c *cluster) close() {
	for _, n := range c.nodes {
		n.disconnect()
	}
	clear(c.nodes)
}

// metadata asks for all topics and brokers, and keeps the brokers.
func (c *cluster) metadata(ctx context.Context) (*sarama.MetadataResponse, error) {
	return c.topics(ctx, false)
}

// topics also asks, with rights, what this user may do with each of them.
func (c *cluster) topics(ctx context.Context, rights bool) (*sarama.MetadataResponse, error) {
	request := sarama.NewMetadataRequest(c.conf.Version, nil)
	request.AllowAutoTopicCreation = false
	request.IncludeTopicAuthorizedOperations = rights && request.Version >= rightsToldFrom
	var failures []string
	for _, n := range c.contacts() {
		answer, err := ask(ctx, n, c.reading, func(b *sarama.Broker) (*sarama.MetadataResponse, error) {
			return b.GetMetadata(request)
		})
		if ctx.Err() != nil {
			c.drop(n)
			return nil, ctx.Err()
		}
		// A broker that is starting knows of no broker, not even itself.
		if err == nil && len(answer.Brokers) == 0 {
			err = errors.New("the broker is starting")
		}
		if err != nil {
			c.drop(n)
			failures = append(failures, n.addr+": "+c.explain(err).Error())
			if errors.Is(err, sarama.ErrSASLAuthenticationFailed) {
				break // it will not be right elsewhere, and too many attempts lock accounts
			}
			continue
		}
		c.adopt(n, answer)
		return answer, nil
	}
	slices.Sort(failures)
	return nil, fmt.Errorf("read topics: %s", strings.Join(slices.Compact(failures), "; "))
}

// contacts lists whom to ask for the topics: brokers to which there is a
// connection first, then the others, then the addresses of the config.
func (c *cluster) contacts() []*node {
	var list []*node
	known := map[string]bool{}
	for _, n := range c.nodes {
		list = append(list, n)
		known[n.addr] = true
	}
	slices.SortFunc(list, func(a, b *node) int {
		if a.broker != nil != (b.broker != nil) {
			if a.broker != nil {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.id, b.id)
	})
	for _, addr := range c.seeds {
		if !known[addr] {
			list = append(list, &node{id: -1, addr: addr, conf: c.conf})
			known[addr] = true
		}
	}
	return list
}

// drop ends the connection to an address of the config; a broker keeps its own.
func (c *cluster) drop(n *node) {
	if n.id < 0 {
		n.disconnect()
	}
}

// adopt makes the brokers of the answer the ones that are known, and keeps the
// connections to those that were.
func (c *cluster) adopt(asked *node, answer *sarama.MetadataResponse) {
	seen := make(map[int32]bool, len(answer.Brokers))
	for _, b := range answer.Brokers {
		seen[b.ID()] = true
		if old := c.nodes[b.ID()]; old != nil {
			if old.addr == b.Addr() {
				continue
			}
			old.disconnect()
		}
		n := &node{id: b.ID(), addr: b.Addr(), conf: c.conf}
		if asked.id < 0 && asked.addr == n.addr {
			n.broker, n.link, n.made, n.fetchVersion = asked.broker, asked.link, asked.made, asked.fetchVersion
			asked.broker = nil
		}
		c.nodes[n.id] = n
	}
	for id, n := range c.nodes {
		if !seen[id] {
			n.disconnect()
			delete(c.nodes, id)
		}
	}
	c.drop(asked)
}

// each runs work for every broker, side by side, and waits for all of it.
func (c *cluster) each(work func(*node)) {
	var all crew
	for _, n := range c.nodes {
		all.run(func() { work(n) })
	}
	all.wait()
}
