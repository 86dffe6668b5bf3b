package otlp

import (
	"log/slog"
	"sync"
	"time"
)

// complainEvery is how often the log says that something cannot be sent.
const complainEvery = 10 * time.Minute

// complaints logs failed sends. An unreachable collector is one line in the log every
// ten minutes, not one for each batch.
type complaints struct {
	log *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	last  time.Time
	since int // complaints since the last line
}

// Handle is called by the SDK.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if !c.last.IsZero() && now.Sub(c.last) < complainEvery {
		c.since++
		return
	}
	c.log.Warn("cannot send by OTLP; the waiting data is dropped", "err", err, "failures_since_last_line", c.since)
	c.last, c.since = now, 0
}
