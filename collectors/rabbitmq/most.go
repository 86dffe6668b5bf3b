package rabbitmq

import "fmt"

// Limits of one cluster.
const (
	mostQueues = 100_000 // watched ones; an excluded queue takes no memory
	mostOthers = 500_000 // bindings, and other elements of a list
	mostPlaces = 500_000 // labels that are cached, of watched and excluded queues
)

// tooManyError says that a cluster has more of something than lostorder keeps.
type tooManyError struct {
	what string
	most int
}

func (e tooManyError) Error() string {
	return fmt.Sprintf("there are more than %d %s; watch fewer by vhosts and queues, or split them into several entries", e.most, e.what)
}

// mostOf is how many elements of a list lostorder keeps.
func (r *reader) mostOf(what string) int {
	if what == "queues" {
		return r.mostQueues
	}
	return mostOthers
}
