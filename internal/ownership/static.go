package ownership

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// mostShards bounds a typing mistake.
const mostShards = 1000

// errShard is what is wrong with a shard.
var errShard = errors.New("write the number of this process and how many there are, such as 1/3")

// Static is one of a fixed number of members, for where there is no Kubernetes.
type Static struct{ view View }

// ParseStatic parses i/n: this is process i of n. peers are the addresses of the others, in
// any order; without them a page shows what its own process reads.
func ParseStatic(text string, peers []string) (*Static, error) {
	first, second, found := strings.Cut(text, "/")
	i, err := strconv.Atoi(first)
	n, also := strconv.Atoi(second)
	switch {
	case !found || err != nil || also != nil:
		return nil, fmt.Errorf("%q is not a shard: %w", text, errShard)
	case n < 1 || n > mostShards:
		return nil, fmt.Errorf("%q has %d shards, and there can be 1 to %d: %w", text, n, mostShards, errShard)
	case i < 1 || i > n:
		return nil, fmt.Errorf("%q is shard %d of %d, and the first is 1: %w", text, i, n, errShard)
	case len(peers) > n-1:
		return nil, fmt.Errorf("%q has %d other shards, and %d addresses of them are given", text, n-1, len(peers))
	}
	s := &Static{View{Self: shardName(i), Active: true}}
	for shard := range n {
		s.view.owners = append(s.view.owners, shardName(shard+1))
	}
	for _, peer := range peers {
		address, err := ParseURL(peer)
		if err != nil {
			return nil, err
		}
		s.view.Others = append(s.view.Others, Member{URL: address})
	}
	return s, nil
}

// shardName does not contain how many shards there are, so that a fourth one moves a
// quarter of the targets and not all.
func shardName(i int) string { return "shard-" + strconv.Itoa(i) }

// View returns the members, which never change.
func (s *Static) View() *View { return &s.view }

// ParseURL checks the address of a member, and returns it without a slash at its end. An
// IPv6 address needs no brackets: http://$(POD_IP):10404 must work in every cluster.
func ParseURL(text string) (string, error) {
	u, err := url.Parse(bracketed(text))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the address of a member is not a plain http or https URL; write for example http://lostorder-2:10404")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// bracketed puts an IPv6 address with a port into brackets.
func bracketed(text string) string {
	scheme, rest, _ := strings.Cut(text, "://")
	host, path, hasPath := strings.Cut(rest, "/")
	last := strings.LastIndexByte(host, ':')
	if last < 0 {
		return text
	}
	if address, err := netip.ParseAddr(host[:last]); err != nil || !address.Is6() {
		return text
	}
	text = scheme + "://[" + host[:last] + "]" + host[last:]
	if hasPath {
		text += "/" + path
	}
	return text
}
