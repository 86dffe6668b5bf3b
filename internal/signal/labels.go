package signal

import (
	"maps"
	"slices"
	"strings"
)

// Labels are what the config adds to the findings of a target or of some of its queues,
// such as the team that owns them. They are shared and never changed.
type Labels map[string]string

// TeamLabel is the label that names the owner of a finding.
const TeamLabel = "team"

// With returns the labels and others, which win.
func (l Labels) With(others Labels) Labels {
	switch {
	case len(others) == 0:
		return l
	case len(l) == 0:
		return others
	}
	all := maps.Clone(l)
	maps.Copy(all, others)
	return all
}

// Shared returns the labels that both have with the same value.
func (l Labels) Shared(others Labels) Labels {
	if maps.Equal(l, others) {
		return l
	}
	both := Labels{}
	for name, value := range l {
		if others[name] == value {
			both[name] = value
		}
	}
	return both
}

// Names returns the names in their order.
func (l Labels) Names() []string { return slices.Sorted(maps.Keys(l)) }

// String writes the labels as people read them: "team payments, tier 1".
func (l Labels) String() string {
	texts := make([]string, 0, len(l))
	for _, name := range l.Names() {
		texts = append(texts, name+" "+l[name])
	}
	return strings.Join(texts, ", ")
}
