package notify

import "time"

// ObserveTargets observes once whether targets can be read.
func (n *Notifier) ObserveTargets() { n.observeOnce() }

// BlindFor and UnseenFor are how long lostorder waits.
const (
	BlindFor  = blindFor
	UnseenFor = unseenFor
)

// RetryAfter reads the header of that name.
func RetryAfter(text string, now time.Time) time.Duration { return retryAfter(text, now) }

// AlertName is the name of the alert of a mode.
var AlertName = alertName
