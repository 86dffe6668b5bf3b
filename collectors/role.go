package collectors

import (
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Role says what some queues are for, where that does not follow from how they are
// connected and used. A source adds the patterns that choose the queues.
type Role struct {
	Role string `yaml:"role" required:"true" enum:"work,delay,retry,dead_letter,parking,reply" doc:"What the queues are for. work: consumers process the messages. delay: holds messages for a time and passes them on, without consumers. retry: takes failed messages, which consumers of its own process again. dead_letter and parking: keeps failed messages for an operator. reply: belongs to one process and is lost with it." example:"parking"`
}

// Purpose returns the role as it is reported.
func (r Role) Purpose() signal.Purpose {
	return signal.Purpose{Role: signal.Role(r.Role), Reason: "roles in the config"}
}

// PurposeOf returns the purpose that the config gives to a queue: that of the first entry
// whose patterns match its name. It has no role if none does.
func PurposeOf[R any](entries []R, queue string, of func(R) ([]config.Pattern, Role)) signal.Purpose {
	for _, entry := range entries {
		if patterns, role := of(entry); MatchesAny(patterns, queue) {
			return role.Purpose()
		}
	}
	return signal.Purpose{}
}
