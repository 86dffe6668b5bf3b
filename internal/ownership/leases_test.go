package ownership_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/signal"
)

// duration is that of a lease in these tests.
const duration = 15 * time.Second

// crowd is several members in one cluster, in the time of a bubble. It looks all the time
// for a target that two members read.
type crowd struct {
	*testing.T
	cluster *ownership.Cluster
	targets []signal.TargetID
	members map[string]*process
	stopped map[string]bool                       // do not run now, and read nothing
	divided map[string]map[signal.TargetID]string // by the members that share them
}

type process struct {
	*ownership.Leases
	cancel context.CancelFunc
	done   chan struct{}
}

func inCrowd(t *testing.T, seed uint64, f func(c *crowd)) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(seed, 1))
		var mu sync.Mutex
		latency := func() time.Duration {
			mu.Lock()
			defer mu.Unlock()
			return time.Duration(random.Int64N(int64(400 * time.Millisecond)))
		}
		c := &crowd{T: t, cluster: ownership.NewCluster(latency), targets: targets(300), members: map[string]*process{}, stopped: map[string]bool{}, divided: map[string]map[signal.TargetID]string{}}
		defer func() {
			for name := range c.members {
				c.kill(name)
			}
		}()
		f(c)
	})
}

func (c *crowd) start(names ...string) {
	for _, name := range names {
		ctx, cancel := context.WithCancel(context.Background())
		p := &process{c.cluster.Member(name, duration, slog.New(slog.DiscardHandler)), cancel, make(chan struct{})}
		c.members[name] = p
		go func() {
			defer close(p.done)
			p.Run(ctx)
		}()
	}
}

// kill ends a member that says nothing to the others.
func (c *crowd) kill(name string) {
	c.members[name].cancel()
	<-c.members[name].done
	delete(c.members, name)
}

// leave ends a member in order.
func (c *crowd) leave(name string) {
	p := c.members[name]
	p.cancel()
	<-p.done
	p.Leave(context.Background())
	delete(c.members, name)
}

// readers are the members that read each target at this moment.
func (c *crowd) readers() map[signal.TargetID][]string {
	all := make(map[signal.TargetID][]string, len(c.targets))
	for name, p := range c.members {
		v := p.View()
		if c.stopped[name] || !v.Active {
			continue
		}
		key := strings.Join(slices.Sorted(slices.Values(v.Owners())), " ")
		if c.divided[key] == nil {
			c.divided[key] = owners(c.targets, v.Owners()...)
		}
		for id, owner := range c.divided[key] {
			if owner == v.Self {
				all[id] = append(all[id], name)
			}
		}
	}
	return all
}

// pass lets time pass, and fails when two members read one target. It returns after how
// long each target was read by one for good.
func (c *crowd) pass(d time.Duration) (settled time.Duration) {
	c.Helper()
	const step = 250 * time.Millisecond
	for at := time.Duration(0); at < d; at += step {
		time.Sleep(step)
		readers := c.readers()
		if len(readers) < len(c.targets) {
			settled = at + step
		}
		for id, names := range readers {
			if len(names) > 1 {
				slices.Sort(names)
				for _, name := range names {
					v := c.members[name].View()
					c.Logf("%s: active %v, owners %v, others %v", name, v.Active, v.Owners(), v.Others)
				}
				c.Fatalf("after %s %s is read by %v", at, id, names)
			}
		}
	}
	return settled
}

// settles fails unless each target is read by exactly one member within a time, and stays so.
func (c *crowd) settles(within time.Duration, what string) {
	c.Helper()
	settled := c.pass(3 * duration)
	if settled > within {
		c.Fatalf("%s: each target is read again after %s, want %s", what, settled, within)
	}
	n := map[string]int{}
	for _, names := range c.readers() {
		n[names[0]]++
	}
	for name := range c.members {
		if !c.stopped[name] && n[name] == 0 {
			c.Errorf("%s: %s reads nothing: %v", what, name, n)
		}
	}
}

// handOvers is how many random orders of answers each test plays.
const handOvers = 8

func TestEachTargetIsReadByOneMember(t *testing.T) {
	for name, play := range map[string]func(c *crowd){
		"three members start at once": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
		},
		"one member starts alone and waits for nobody": func(c *crowd) {
			c.start("a")
			c.settles(2*time.Second, "start")
		},
		"a member is added": func(c *crowd) {
			c.start("a", "b")
			c.settles(2*duration, "start")
			c.start("c")
			c.settles(2*duration, "added")
		},
		"a member stops in order": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
			c.leave("b")
			c.settles(8*time.Second, "left")
			if names := c.cluster.Names(); !slices.Equal(names, []string{"a", "c"}) {
				c.Errorf("the leases are %v", names)
			}
		},
		"a member is killed": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
			c.kill("b")
			c.settles(2*duration, "killed")
		},
		"a member is killed and another starts": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
			c.kill("b")
			c.start("d")
			c.settles(2*duration, "replaced")
		},
		"a member is killed and starts again under its name": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
			c.kill("b")
			c.pass(2 * time.Second)
			c.start("b")
			c.settles(2*duration, "started again")
		},
		"a member is frozen, and wakes after the others took over": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
			wake := c.cluster.Freeze("b")
			c.stopped["b"] = true
			c.settles(2*duration, "frozen")
			delete(c.stopped, "b")
			if c.members["b"].View().Active {
				c.Error("a member that wakes reads before it has joined again")
			}
			wake()
			c.settles(2*duration, "awake")
		},
		"a member is frozen for less than a lease": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
			wake := c.cluster.Freeze("b")
			c.stopped["b"] = true
			c.pass(8 * time.Second)
			delete(c.stopped, "b")
			wake()
			c.settles(2*duration, "awake")
		},
		"a member is cut off and comes back": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
			c.cluster.Cut("b")
			c.pass(2 * duration)
			if c.members["b"].View().Active {
				c.Error("a member without a lease reads")
			}
			if settled := c.pass(duration); settled > 0 {
				c.Errorf("the targets of a member that is cut off are not read after two leases, for another %s", settled)
			}
			c.cluster.Cut()
			c.settles(2*duration, "back")
		},
		"the store answers nobody, and then everybody": func(c *crowd) {
			c.start("a", "b", "c")
			c.settles(2*duration, "start")
			c.cluster.Cut("a", "b", "c")
			c.pass(3 * duration)
			if readers := c.readers(); len(readers) > 0 {
				c.Errorf("%d targets are read without a lease", len(readers))
			}
			c.cluster.Cut()
			c.settles(2*duration, "back")
		},
		"an operator deletes a lease": func(c *crowd) {
			c.start("a", "b")
			c.settles(2*duration, "start")
			c.leave("a")
			c.settles(2*duration, "left")
			c.cluster.Delete("b")
			c.settles(2*duration, "deleted")
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(handOvers) {
				inCrowd(t, seed, play)
			}
		})
	}
}

// TestMembersComeAndGo does everything at random.
func TestMembersComeAndGo(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	for seed := range uint64(handOvers) {
		inCrowd(t, seed, func(c *crowd) {
			random := rand.New(rand.NewPCG(seed, 2))
			c.start("a", "b", "c")
			for range 20 {
				name := names[random.IntN(len(names))]
				switch running := c.members[name] != nil; {
				case !running:
					c.start(name)
				case random.IntN(3) == 0:
					c.kill(name)
				case random.IntN(2) == 0:
					c.leave(name)
				default:
					c.cluster.Cut(name)
				}
				c.pass(time.Duration(random.Int64N(int64(duration))))
			}
			c.cluster.Cut()
			if len(c.members) == 0 {
				c.start("a")
			}
			c.settles(2*duration, "in the end")
		})
	}
}

func TestAbandonedLeasesAreDeleted(t *testing.T) {
	inCrowd(t, 1, func(c *crowd) {
		c.start("a", "b")
		c.settles(2*duration, "start")
		c.kill("b")
		c.pass(12 * duration)
		if names := c.cluster.Names(); !slices.Equal(names, []string{"a"}) {
			c.Errorf("the leases are %v", names)
		}
	})
}

func TestTwoProcessesWithOneNameDoNotBothRead(t *testing.T) {
	inCrowd(t, 1, func(c *crowd) {
		c.start("a")
		c.settles(2*duration, "start")
		first := c.members["a"]
		delete(c.members, "a")
		c.members["the first"] = first
		c.start("a")
		c.pass(4 * duration) // fails when both read
	})
}
