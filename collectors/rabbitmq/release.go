package rabbitmq

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// release is the version of a broker; zero when it is not known.
type release struct{ major, minor int }

func releaseOf(version string) (v release) {
	// What cannot be read stays 0.
	_, _ = fmt.Sscanf(version, "%d.%d", &v.major, &v.minor)
	return v
}

// countsDeliveries reports whether the prometheus plugin counts deliveries per queue;
// that of RabbitMQ 3 does per channel only, which are gone with their channel.
func (v release) countsDeliveries() bool { return v.major >= 4 }

// defaultLimit is after how many deliveries a quorum queue gives a message up where
// nobody says so.
func (v release) defaultLimit() signal.Count {
	if v.major >= 4 {
		return 20
	}
	return signal.Unknown
}

// nackUncounted reports whether basic.nack returns a message to a quorum queue
// without counting towards its delivery limit, as basic.reject does.
func (v release) nackUncounted() bool { return v.major > 4 || v.major == 4 && v.minor >= 3 }
