package rabbitmq

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// release is the version of a broker; zero if unknown.
type release struct{ major, minor int }

func releaseOf(version string) (v release) {
	// An unreadable part stays 0.
	_, _ = fmt.Sscanf(version, "%d.%d", &v.major, &v.minor)
	return v
}

// countsDeliveries reports whether the prometheus plugin counts deliveries per queue.
// RabbitMQ 3 counts them per channel only, and the counters end with the channel.
func (v release) countsDeliveries() bool { return v.major >= 4 }

// defaultLimit is the delivery limit of a quorum queue that sets none.
func (v release) defaultLimit() signal.Count {
	if v.major >= 4 {
		return 20
	}
	return signal.Unknown
}

// nackUncounted reports whether basic.nack returns a message to a quorum queue
// without counting towards its delivery limit, as basic.reject does.
func (v release) nackUncounted() bool { return v.major > 4 || v.major == 4 && v.minor >= 3 }
