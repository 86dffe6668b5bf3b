package kafka_test

import (
	"net"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestAdvertisedAddressThatCannotBeReachedIsNamed is a broker behind a proxy that passes
// everything on and leaves the addresses in the answers as they are.
func TestAdvertisedAddressThatCannotBeReachedIsNamed(t *testing.T) {
	const inside = "127.0.0.1:1" // nothing listens there
	var outside string
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"), kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		outside = l.Addr().String()
		return behindProxy{l, inside}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	report, err := read(t, watch(t, settings(t, []string{outside})))
	if err == nil || !strings.Contains(err.Error(), "("+inside+"): connection refused") {
		t.Errorf("got %v", err)
	}
	if len(report.Queues) > 0 && report.Queues[0].Published >= 0 {
		t.Errorf("got\n%s", show(report))
	}
}
