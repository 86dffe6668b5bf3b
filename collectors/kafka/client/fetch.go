package client

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// largestFetch bounds an answer with messages. The broker sends a first batch whole,
	// however large it is.
	largestFetch = 16 << 20
	// newestFetch is the version from which on topics go by their ids.
	newestFetch = 12
	// fetchTagsFrom is the version from which on the answer's header has tags.
	fetchTagsFrom = 12
)

// ErrTooLarge is about one answer; the connection stays as it is.
var ErrTooLarge = errors.New("answer is larger than it may be")

// Fetch sends a Fetch request while no other is under way to the broker.
func (n *Node) Fetch(ctx context.Context, request *kmsg.FetchRequest) (*kmsg.FetchResponse, error) {
	return askAlone(ctx, n, func(b *sarama.Broker) (*kmsg.FetchResponse, error) { return n.exchange(b, request) })
}

// exchange sends a Fetch request and returns its answer with the batches as they came.
//
// sarama would decompress every batch of an answer into memory at once: a few kilobytes
// from a producer could end the process. So this request goes by
// itself over the connection that sarama opened and authenticated, while sarama has none
// under way on it.
func (n *Node) exchange(b *sarama.Broker, request *kmsg.FetchRequest) (*kmsg.FetchResponse, error) {
	if err := n.learnFetchVersion(b); err != nil {
		return nil, err
	}
	request.SetVersion(n.fetchVersion)
	n.requests++
	c := n.link.conn
	if err := c.SetDeadline(time.Now().Add(n.cluster.conf.Net.ReadTimeout)); err != nil {
		return nil, err
	}
	if _, err := c.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID)).AppendRequest(nil, request, n.requests)); err != nil {
		return nil, err
	}
	body, err := readFrame(c, n.requests, largestFetch)
	if err != nil {
		return nil, err
	}
	if request.Version >= fetchTagsFrom {
		body = body[min(1, len(body)):] // the header of this answer has no tags
	}
	answer := request.ResponseKind().(*kmsg.FetchResponse)
	if err := answer.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("decode messages: %w", err)
	}
	return answer, nil
}

// learnFetchVersion asks, once for each connection, for the version of the broker.
func (n *Node) learnFetchVersion(b *sarama.Broker) error {
	if n.fetchVersion >= 0 {
		return nil
	}
	best := Pick(n.cluster.conf.Version, Step{sarama.V2_7_0_0, newestFetch}, Step{sarama.V2_3_0_0, 11}, Step{sarama.V2_1_0_0, 10},
		Step{sarama.V1_1_0_0, 7}, Step{sarama.V0_11_0_0, 5}, Step{sarama.V0_10_1_0, 3}, Step{sarama.V0_10_0_0, 2})
	if n.cluster.conf.ApiVersionsRequest {
		answer, err := b.ApiVersions(&sarama.ApiVersionsRequest{})
		if err != nil {
			return err
		}
		for _, key := range answer.ApiKeys {
			if key.ApiKey == int16(kmsg.Fetch) {
				best = min(best, key.MaxVersion)
			}
		}
	}
	n.fetchVersion = best
	return nil
}

// readFrame reads one answer. It allocates what arrives, not what the length claims, and
// drops an answer that is too large.
func readFrame(r io.Reader, correlation, most int32) ([]byte, error) {
	var head struct{ Size, Correlation int32 }
	if err := binary.Read(r, binary.BigEndian, &head); err != nil {
		return nil, err
	}
	size := int64(head.Size) - 4
	if size < 0 || head.Correlation != correlation {
		return nil, errNotKafka
	}
	if size > int64(most) {
		if _, err := io.CopyN(io.Discard, r, size); err != nil {
			return nil, err
		}
		return nil, ErrTooLarge
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, size); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}
