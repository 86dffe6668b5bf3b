package notify

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// mostPosted is how many alerts one POST to an Alertmanager holds.
	mostPosted = 256
	// holdFor is how long an Alertmanager keeps an alert firing that lostorder does not post
	// again. It is long, because a lostorder that is down has not seen anything resolved.
	holdFor = time.Hour
)

// alertmanagerAPI writes what POST /api/v2/alerts of an Alertmanager takes.
type alertmanagerAPI struct{ links }

type postedAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// split posts causes before their symptoms, and takes back symptoms before their causes. An
// Alertmanager notifies at once of an old alert that it did not know, as after its restart, unless
// it knows the cause that mutes the alert.
func (alertmanagerAPI) split(notices []notice) (groups [][]notice) {
	var parts [4][]notice
	for _, n := range notices {
		part := 0
		if n.Severity != signal.Critical {
			part = 1
		}
		if !n.open() {
			part = 3 - part
		}
		parts[part] = append(parts[part], n)
	}
	for _, part := range parts {
		groups = append(groups, chunks(part, mostPosted)...)
	}
	return groups
}

func (f alertmanagerAPI) body(group []notice, _ string, now time.Time) (string, any) {
	all := make([]postedAlert, 0, len(group))
	for i := range group {
		n := &group[i]
		a := postedAlert{Labels: n.labels(), Annotations: f.annotations(n), StartsAt: n.Since.UTC(), EndsAt: n.Closed.UTC(), GeneratorURL: f.finding(&n.alert)}
		delete(a.Annotations, "news") // Alertmanager decides when it notifies
		if n.open() {
			a.EndsAt = now.UTC().Add(holdFor)
		}
		if !a.EndsAt.After(a.StartsAt) { // a clock that went back; Alertmanager would refuse all of them
			a.StartsAt = a.EndsAt.Add(-time.Second)
		}
		all = append(all, a)
	}
	return jsonType, all
}
