package collectors_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
)

func TestDelayIsReadFromTheNameOfAQueueOfRetries(t *testing.T) {
	for name, want := range map[string]time.Duration{
		"orders-retry-5m":                   5 * time.Minute,
		"orders.retry.30s":                  30 * time.Second,
		"orders-retry-2000":                 2 * time.Second, // Spring's names, in milliseconds
		"orders-retry-60000":                time.Minute,
		"orders_delay_1h":                   time.Hour,
		"retry_10_min_orders":               10 * time.Minute,
		"wait.15.seconds":                   15 * time.Second,
		"billing.orders.wait5000":           5 * time.Second,
		"orders-backoff-500ms":              500 * time.Millisecond,
		"orders-retry":                      0,
		"orders-retry-0":                    0, // the number of the attempt
		"orders-retry-3":                    0,
		"orders.retry5":                     0,
		"orders-5m":                         0, // no word for a delay
		"orders-2024":                       0,
		"orders-retry-99999999999999999999": 0,
		"orders-retry-9999d":                0,
		"orders-retry-v2":                   0,
		"":                                  0,
	} {
		if got := collectors.DelayInName(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
