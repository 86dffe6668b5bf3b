package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/replicas"
)

// shardFlags say which targets this process reads, if several share them.
type shardFlags struct {
	static, leases, member, podUID, url, api, http *string
	peers                                          *[]string
	duration                                       *time.Duration
}

func newShardFlags(clause *kingpin.CmdClause) shardFlags {
	return shardFlags{
		static:   clause.Flag("shard", "Read only the share of this process: it is number i of n with the same config file.").PlaceHolder("i/n").String(),
		peers:    clause.Flag("shard.peers", "Address of another shard, such as http://lostorder-2:10404; repeatable. The page and the API then show what it reads.").PlaceHolder("URL").Strings(),
		leases:   clause.Flag("shard.leases", "Share the targets among all processes that hold a Lease of this group in Kubernetes.").PlaceHolder("NAMESPACE/GROUP").String(),
		member:   clause.Flag("shard.member", "Name of this process in its group. The default is the host name, which is that of the pod.").PlaceHolder("NAME").String(),
		podUID:   clause.Flag("shard.pod-uid", "Uid of the pod whose name is that of the member, such as $(POD_UID). Kubernetes then removes the Lease with the pod.").PlaceHolder("UID").String(),
		url:      clause.Flag("shard.url", "Address of this process for the others of its group, such as http://$(POD_IP):10404.").PlaceHolder("URL").String(),
		duration: clause.Flag("shard.lease-duration", "After how long the others take over from a process that no longer renews its Lease.").Default("15s").Duration(),
		api:      clause.Flag("shard.api-server", "Address of the Kubernetes API, if it is not that of the cluster in which lostorder runs, such as http://localhost:8001 of kubectl proxy.").PlaceHolder("URL").String(),
		http:     clause.Flag("shard.http.config.file", "File that says how this process asks the others, with user and password or certificates, in the form of Prometheus's HTTP client.").PlaceHolder("FILE").String(),
	}
}

// membership is a fixed one, or one that has to be run.
type membership struct {
	ownership.Membership
	leases *ownership.Leases // nil: fixed
	client *http.Client      // asks the others
	every  time.Duration     // between two questions to the others
}

// askEvery is between two questions to fixed members.
const askEvery = 5 * time.Second

// membership returns the members that the flags describe, nil if this process reads all.
func (f *shardFlags) membership(log *slog.Logger) (*membership, error) {
	client, err := replicas.Client(*f.http)
	if err != nil {
		return nil, fmt.Errorf("--shard.http.config.file: %w", err)
	}
	switch {
	case *f.static != "" && *f.leases != "":
		return nil, errors.New("--shard and --shard.leases exclude each other; use --shard where there is no Kubernetes")
	case *f.static == "" && len(*f.peers) > 0:
		return nil, errors.New("--shard.peers needs --shard=i/n; members of --shard.leases find each other")
	case *f.http != "" && *f.static == "" && *f.leases == "":
		return nil, errors.New("--shard.http.config.file is for processes that share their targets; it needs --shard or --shard.leases")
	case *f.static != "":
		fixed, err := ownership.ParseStatic(*f.static, *f.peers)
		if err != nil {
			return nil, fmt.Errorf("--shard: %w", err)
		}
		return &membership{Membership: fixed, client: client, every: askEvery}, nil
	case *f.leases == "":
		return nil, nil //nolint:nilnil // sharing nothing is no error
	}
	namespace, group, err := ownership.ParseGroup(*f.leases)
	if err != nil {
		return nil, fmt.Errorf("--shard.leases: %w", err)
	}
	host, err := os.Hostname()
	if err != nil && *f.member == "" {
		return nil, fmt.Errorf("find the host name: %w; set --shard.member", err)
	}
	leases, err := ownership.NewLeases(ownership.Options{
		Namespace: namespace, Group: group, Member: cmp.Or(*f.member, host), URL: *f.url, PodUID: *f.podUID, Duration: *f.duration, API: *f.api, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("--shard.leases: %w", err)
	}
	return &membership{Membership: leases, leases: leases, client: client, every: *f.duration / 3}, nil
}

// share has the service read only its share from now on. It comes before remember.
func (s *service) share(m *membership) {
	if m == nil {
		return
	}
	s.members = m
	s.replicas = replicas.New(m.View, m.client, m.every, s.log)
}

// followMembers reads what this process owns, whenever that changes. It comes after the
// first apply. What it returns ends that; leave comes after all targets have stopped.
func (s *service) followMembers(ctx context.Context, m *membership) (stop, leave func()) {
	if m == nil {
		return func() {}, func() {}
	}
	following, endFollowing := context.WithCancel(ctx)
	holding, endHolding := context.WithCancel(context.WithoutCancel(ctx)) // until nothing is read any more
	var follows, holds sync.WaitGroup
	if m.leases != nil {
		holds.Go(func() { m.leases.Run(holding) })
	}
	follows.Go(func() { s.replicas.Run(following) })
	follows.Go(func() {
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for {
			select {
			case <-following.Done():
				return
			case <-tick.C:
				s.reassign(ctx)
			}
		}
	})
	return func() {
			endFollowing()
			follows.Wait()
		}, func() {
			endHolding()
			holds.Wait()
			if m.leases != nil {
				m.leases.Leave(context.WithoutCancel(ctx))
			}
		}
}

// followEvery is how soon a change of the members takes effect.
const followEvery = 500 * time.Millisecond
