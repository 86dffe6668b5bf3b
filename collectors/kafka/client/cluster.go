package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/IBM/sarama"
)

// Cluster is the brokers of a cluster and the connections to them, which last
// from one reading to the next.
//
// sarama's own Client is not used: it sleeps between attempts, refreshes in the
// background and hides which broker failed. Its Brokers are all that is needed,
// for the groups that a broker lists are the ones that it coordinates.
type Cluster struct {
	seeds   []string
	dialer  *dialer
	conf    *sarama.Config
	nodes   map[int32]*Node
	reading uint64
	certs   certificates
}

// New returns a cluster without connections. It connects when it is asked.
func New(config Config) *Cluster {
	d := newDialer(config.TLS, config.requestTimeout())
	return &Cluster{seeds: config.Brokers, dialer: d, conf: config.sarama(d), nodes: map[int32]*Node{}, certs: certificates{tls: config.TLS}}
}

// Version is the highest version of requests.
func (c *Cluster) Version() sarama.KafkaVersion { return c.conf.Version }

// Tie ends all connections when ctx ends, until the returned function is called.
func (c *Cluster) Tie(ctx context.Context) (end func()) { return c.dialer.begin(ctx) }

// Node returns the broker of an id, or nil.
func (c *Cluster) Node(id int32) *Node { return c.nodes[id] }

// Begin starts a reading: what failed in the last one is tried again, and connections are closed
// where a certificate was renewed.
func (c *Cluster) Begin() {
	c.reading++
	if c.certs.renewed() {
		for _, n := range c.nodes {
			n.disconnect()
		}
	}
	for _, n := range c.nodes {
		n.failed, n.throttled = nil, false
	}
}

// Close ends all connections.
func (c *Cluster) Close() {
	for _, n := range c.nodes {
		n.disconnect()
	}
	clear(c.nodes)
}

// Metadata asks for all topics and brokers, and keeps the brokers. With rights it also
// asks what this user may do with each topic.
func (c *Cluster) Metadata(ctx context.Context, rights bool) (*sarama.MetadataResponse, error) {
	request := sarama.NewMetadataRequest(c.conf.Version, nil)
	request.IncludeTopicAuthorizedOperations = rights && request.Version >= RightsFrom
	return c.metadata(ctx, request)
}

// MetadataOf asks for topics by name. A broker that lists only the topics that its user may
// describe says of one that is named whether it may not be described or does not exist.
func (c *Cluster) MetadataOf(ctx context.Context, topics []string) (*sarama.MetadataResponse, error) {
	return c.metadata(ctx, sarama.NewMetadataRequest(c.conf.Version, topics))
}

func (c *Cluster) metadata(ctx context.Context, request *sarama.MetadataRequest) (*sarama.MetadataResponse, error) {
	request.AllowAutoTopicCreation = false
	var failures []string
	for _, n := range c.Contacts() {
		answer, err := Ask(ctx, n, func(b *sarama.Broker) (*sarama.MetadataResponse, error) {
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
			failures = append(failures, n.Addr+": "+c.Explain(err).Error())
			if refused(err) {
				break // other brokers refuse it, too, and too many attempts lock accounts
			}
			continue
		}
		c.adopt(n, answer)
		return answer, nil
	}
	slices.Sort(failures)
	return nil, fmt.Errorf("read topics: %s", strings.Join(slices.Compact(failures), "; "))
}

// Contacts lists the brokers: connected ones first, then the others, then the addresses
// of the config.
func (c *Cluster) Contacts() []*Node {
	var list []*Node
	known := map[string]bool{}
	for _, n := range c.nodes {
		list = append(list, n)
		known[n.Addr] = true
	}
	slices.SortFunc(list, func(a, b *Node) int {
		if a.broker != nil != (b.broker != nil) {
			if a.broker != nil {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.ID, b.ID)
	})
	for _, addr := range c.seeds {
		if !known[addr] {
			list = append(list, &Node{ID: -1, Addr: addr, cluster: c})
			known[addr] = true
		}
	}
	return list
}

// drop ends the connection to an address of the config; a broker keeps its own.
func (c *Cluster) drop(n *Node) {
	if n.ID < 0 {
		n.disconnect()
	}
}

// adopt takes over the brokers of the answer and keeps connections to known ones.
func (c *Cluster) adopt(asked *Node, answer *sarama.MetadataResponse) {
	seen := make(map[int32]bool, len(answer.Brokers))
	for _, b := range answer.Brokers {
		seen[b.ID()] = true
		if old := c.nodes[b.ID()]; old != nil {
			if old.Addr == b.Addr() {
				continue
			}
			old.disconnect()
		}
		n := &Node{ID: b.ID(), Addr: b.Addr(), cluster: c}
		if asked.ID < 0 && asked.Addr == n.Addr {
			n.broker, n.link, n.made, n.versions, n.throttle = asked.broker, asked.link, asked.made, asked.versions, asked.throttle
			asked.broker = nil
		}
		c.nodes[n.ID] = n
	}
	for id, n := range c.nodes {
		if !seen[id] {
			n.disconnect()
			delete(c.nodes, id)
		}
	}
	c.drop(asked)
}

// Each runs work for every broker concurrently, and waits for all of it.
func (c *Cluster) Each(work func(*Node)) {
	var all parallel
	for _, n := range c.nodes {
		all.run(func() { work(n) })
	}
	all.wait()
}

const (
	// RightsFrom is the version of the metadata request from which on rights are known.
	RightsFrom = 8
	// NoRights stands for rights that the broker did not return.
	NoRights = -1 << 31
)
