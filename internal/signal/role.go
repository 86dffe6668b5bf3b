package signal

// Role is what a queue is for. Findings depend on it. Empty: the source does not know.
type Role string

// The roles of queues.
const (
	RoleWork       Role = "work"        // consumers process its messages
	RoleDelay      Role = "delay"       // holds messages for a time and passes them on; no consumer is expected
	RoleRetry      Role = "retry"       // takes failed messages, which consumers of its own process again
	RoleDeadLetter Role = "dead_letter" // keeps failed messages for an operator
	RoleParking    Role = "parking"     // keeps messages that failed for good, for an operator
	RoleReply      Role = "reply"       // belongs to one process and is lost with it
)

// Roles lists the roles.
func Roles() []Role {
	return []Role{RoleWork, RoleDelay, RoleRetry, RoleDeadLetter, RoleParking, RoleReply}
}

// KeepsFailed reports whether messages stay in the queue until an operator handles them.
func (r Role) KeepsFailed() bool { return r == RoleDeadLetter || r == RoleParking }

// ExpectsConsumers reports whether consumers are expected to process the queue. It holds
// also for a queue whose role is not known.
func (r Role) ExpectsConsumers() bool { return r == RoleWork || r == RoleRetry || r == "" }

// Purpose is the role of a queue and why it has that role.
type Purpose struct {
	Role   Role
	Reason string // a phrase, such as "its messages expire into orders"
}
