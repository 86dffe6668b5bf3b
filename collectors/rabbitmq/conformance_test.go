package rabbitmq_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
)

func TestConformance(t *testing.T) {
	collectortest.Run(t, func(t *testing.T) collectortest.Env {
		f := serve(t)
		proxy := collectortest.NewProxy(t, strings.TrimPrefix(f.URL, "http://"))
		return collectortest.Env{
			Target: rabbitmq.Target(every(settings(t, "http://"+proxy.Addr(), "timeout: 2s"), 20*time.Millisecond)),
			Hang:   proxy.Hang, Break: proxy.Refuse, Heal: proxy.Pass,
			Partial: func() { f.fail("/api/policies", 403) },
			Missing: "policies",
			Fingerprint: func() string {
				f.mu.Lock()
				defer f.mu.Unlock()
				for _, asked := range f.asked {
					if !strings.HasPrefix(asked, "GET ") || strings.Contains(asked, "/get") {
						return "asked for " + asked
					}
				}
				return fmt.Sprint(slices.Sorted(maps.Keys(f.answers)))
			},
			Secrets: []string{password},
		}
	})
}

// every shortens the interval below what the file allows.
func every(c rabbitmq.Config, interval time.Duration) rabbitmq.Config {
	c.Interval = config.Duration(interval)
	return c
}
