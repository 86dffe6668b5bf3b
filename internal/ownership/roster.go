package ownership

import (
	"cmp"
	"slices"
	"time"
)

// lease is what a member holds in Kubernetes.
type lease struct {
	name     string // of the member
	url      string
	duration time.Duration
	// session changes whenever a process joins or joins again, and stamp with each renewal.
	session, stamp string
	// version is what Kubernetes needs to change or delete it.
	version string
}

// roster is what a member knows of the leases. It is pure: all times come from the clock
// of this process, which runs while the process is stopped, and no clock of another member
// is ever compared with it.
//
// Three rules keep two members from reading one target, however late a request is answered:
//
//   - A member trusts its lease from the moment at which it sent the renewal, and the others
//     from the moment at which they received it. They take over when a list that was asked
//     for after its end still shows it unchanged. So it has stopped before.
//   - It trusts what it knows of the others for as long, from the moment at which it asked.
//   - A new member waits for the duration of a lease after its own one was answered. Each
//     other member gives up what the new one owns that long after it last asked and did not
//     see it, which is earlier.
type roster struct {
	self     string
	duration time.Duration

	renewed time.Time // when the renewal that succeeded last was sent; zero: no member
	joined  time.Time // when the answer came that this process is a member
	taken   bool      // the lease was there already: another process may still have the name
	listed  time.Time // when the list that was received last was asked for
	active  time.Time // from when on it may read; zero until the first list after it joined
	others  map[string]*other
}

// other is another member.
type other struct {
	lease
	changed time.Time // when its present stamp was first received
	since   time.Time // from when on it owns targets
}

// alive reports whether a list that was asked for at a moment can show a lease that is
// valid. Later than that nothing is known: the member may have renewed it meanwhile.
func (o *other) alive(listed time.Time) bool { return listed.Before(o.changed.Add(o.duration)) }

func newRoster(self string, duration time.Duration) *roster {
	return &roster{self: self, duration: duration, others: map[string]*other{}}
}

// member reports whether the lease of this process is still valid.
func (r *roster) member(now time.Time) bool {
	return !r.renewed.IsZero() && now.Before(r.renewed.Add(r.duration))
}

// reads reports whether this process may read targets.
func (r *roster) reads(now time.Time) bool {
	return r.member(now) && now.Before(r.listed.Add(r.duration)) && !r.active.IsZero() && !now.Before(r.active)
}

// join notes that a lease of a new session was written.
func (r *roster) join(sent, received time.Time, taken bool) {
	r.renewed, r.joined, r.taken, r.active = sent, received, taken, time.Time{}
}

// renew notes that the lease was renewed. It is of no use if it had expired by then: the
// others may have taken over.
func (r *roster) renew(sent, received time.Time) {
	if !r.member(received) {
		r.leave()
		return
	}
	r.renewed = sent
}

// leave notes that there is no lease any more.
func (r *roster) leave() { r.renewed, r.joined, r.active = time.Time{}, time.Time{}, time.Time{} }

// list takes all leases.
func (r *roster) list(sent, received time.Time, leases []lease) {
	before := r.listed
	r.listed = sent
	present := map[string]bool{}
	for _, l := range leases {
		if l.name == r.self {
			continue
		}
		present[l.name] = true
		o, known := r.others[l.name]
		switch {
		case !known || o.session != l.session || o.stamp != l.stamp && !o.alive(before):
			o = &other{changed: received}
			if !before.IsZero() {
				o.since = before.Add(max(r.duration, l.duration))
			}
			r.others[l.name] = o
		case o.stamp != l.stamp:
			o.changed = received
		}
		o.lease = l
	}
	for name := range r.others {
		if !present[name] { // it has left, and reads nothing any more
			delete(r.others, name)
		}
	}
	if r.member(received) && r.active.IsZero() && !r.joined.IsZero() && !sent.Before(r.joined) {
		r.active = r.joined
		if r.taken {
			r.active = r.joined.Add(r.duration)
		}
		for _, o := range r.others {
			if o.alive(sent) {
				r.active = later(r.active, r.joined.Add(max(r.duration, o.duration)))
			}
		}
	}
}

// view is what this process knows now.
func (r *roster) view(now time.Time) *View {
	v := &View{Self: r.self, Active: r.reads(now)}
	if v.Active {
		v.owners = append(v.owners, r.self)
	}
	for _, o := range r.others {
		if !o.alive(r.listed) {
			continue
		}
		v.Others = append(v.Others, Member{Name: o.name, URL: o.url})
		if !now.Before(o.since) {
			v.owners = append(v.owners, o.name)
		}
	}
	slices.SortFunc(v.Others, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	return v
}

// abandoned returns the leases that were not renewed for long.
func (r *roster) abandoned() (leases []lease) {
	for _, o := range r.others {
		if r.listed.Sub(o.changed) > 10*o.duration {
			leases = append(leases, o.lease)
		}
	}
	return leases
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
