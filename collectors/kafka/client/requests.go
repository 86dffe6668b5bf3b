package client

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// sent counts the requests of this process to all brokers, by the key of the API. Kafka
// has about ninety.
var sent [128]atomic.Uint64

// keyEnds is where the key of the API ends in a request: after four bytes of length.
const keyEnds = lengthBytes + 2

// countRequest counts what is written as one request. sarama and this package write a
// request at once.
func countRequest(b []byte) {
	if len(b) < keyEnds {
		return
	}
	if key := binary.BigEndian.Uint16(b[lengthBytes:]); int(key) < len(sent) {
		sent[key].Add(1)
	}
}

// Requests returns how many requests this process has sent to brokers since it started, by
// the names of their APIs.
func Requests() map[string]uint64 {
	all := map[string]uint64{}
	for key := range sent {
		if n := sent[key].Load(); n > 0 {
			all[kmsg.NameForKey(int16(key))] += n //nolint:gosec // below 128
		}
	}
	return all
}
