package phrase

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// QueueRole is what a queue is for and why.
type QueueRole struct {
	Queue  string      `json:"queue"`
	Role   signal.Role `json:"role"`
	Reason string      `json:"reason"`
}

// Roles lists the queues that are for something else than work, by role and name.
func Roles(r *signal.Report) []QueueRole {
	all := []QueueRole{}
	add := func(queue string, p signal.Purpose) {
		if p.Role != "" && p.Role != signal.RoleWork {
			all = append(all, QueueRole{queue, p.Role, p.Reason})
		}
	}
	for i := range r.Queues {
		add(r.Queues[i].Destination, r.Queues[i].Purpose)
	}
	for i := range r.DeadLetters {
		add(r.DeadLetters[i].Destination, r.DeadLetters[i].Purpose)
	}
	order := signal.Roles()
	slices.SortStableFunc(all, func(a, b QueueRole) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Role), slices.Index(order, b.Role)), strings.Compare(a.Queue, b.Queue))
	})
	return slices.CompactFunc(all, func(a, b QueueRole) bool { return a.Queue == b.Queue && a.Role == b.Role })
}

// RoleName writes a role as people do.
func RoleName(r signal.Role) string { return strings.ReplaceAll(string(r), "_", " ") }
