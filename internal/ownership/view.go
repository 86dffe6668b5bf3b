package ownership

import "github.com/lostorder/lostorder/internal/signal"

// A Member is one of several lostorder processes with the same config.
type Member struct {
	Name string
	URL  string // its address for the others, "" if unknown
}

// View is what a member knows of all at one moment. It is immutable.
type View struct {
	Self string
	// Active is false while this member must not read: it has just joined, or its Lease
	// has expired.
	Active bool
	// Others are the other live members, in order of their names.
	Others []Member

	owners []string // the members among which targets are divided
}

// Owner returns the member that owns a target, "" if no member does.
func (v *View) Owner(id signal.TargetID) string { return Owner(id, v.owners) }

// Owns reports whether this member owns a target and may read it.
func (v *View) Owns(id signal.TargetID) bool { return v.Active && v.Owner(id) == v.Self }

// Membership knows the members.
type Membership interface {
	// View returns the members of this moment. It does not block.
	View() *View
}
