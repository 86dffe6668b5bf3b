package rabbitmq

import (
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// oldestStamp and newestStamp bound the timestamps that are used. Publishers set them,
	// and some write zero, milliseconds or an unrelated date.
	oldestStamp = 10 * 365 * 24 * time.Hour
	newestStamp = 5 * time.Minute
)

// stampOf returns the moment of a message's timestamp, in seconds; unknown if it is not
// plausible.
func stampOf(seconds float64, now time.Time) signal.Instant {
	earliest, latest := now.Add(-oldestStamp).Unix(), now.Add(newestStamp).Unix()
	if !(seconds >= float64(earliest) && seconds <= float64(latest)) {
		return 0
	}
	return signal.InstantOf(time.Unix(int64(seconds), 0))
}
