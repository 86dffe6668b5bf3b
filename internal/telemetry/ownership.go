package telemetry

import "github.com/lostorder/lostorder/internal/signal"

// Ownership is what one of several replicas reads.
type Ownership struct {
	Member  string // the name of this replica
	Members int    // that are known to live
	Targets []OwnedTarget
}

// OwnedTarget is one target of the config.
type OwnedTarget struct {
	ID    signal.TargetID
	Owned bool // this replica reads it
}

func targetOwned(v *view, out *block) {
	if v.ownership == nil {
		return
	}
	for _, t := range v.ownership.Targets {
		owned := 0.0
		if t.Owned {
			owned = 1
		}
		out.add(owned, v.labels.of(label{labelCollector, valid(t.ID.Collector)}, label{labelTarget, valid(t.ID.Target)}, label{labelMember, valid(v.ownership.Member)}))
	}
}

func members(v *view, out *block) {
	if v.ownership != nil {
		out.add(float64(v.ownership.Members), v.labels.of(label{labelMember, valid(v.ownership.Member)}))
	}
}
