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
)

// ErrTooLarge is about one answer; the connection stays as it is.
var ErrTooLarge = errors.New("answer is larger than it may be")

// Fetch sends a Fetch request while no other is under way to the broker.
func (n *Node) Fetch(ctx context.Context, request *kmsg.FetchRequest) (*kmsg.FetchResponse, error) {
	return Ask(ctx, n, func(b *sarama.Broker) (*kmsg.FetchResponse, error) {
		speaks := n.cluster.conf.Version
		most := Pick(speaks, Step{sarama.V2_7_0_0, newestFetch}, Step{sarama.V2_3_0_0, 11}, Step{sarama.V2_1_0_0, 10},
			Step{sarama.V1_1_0_0, 7}, Step{sarama.V0_11_0_0, 5}, Step{sarama.V0_10_1_0, 3}, Step{sarama.V0_10_0_0, 2})
		return exchange[*kmsg.FetchResponse](n, b, request, most)
	})
}

// Request sends a request that sarama does not know, at the highest version that both sides
// speak. It returns sarama.ErrUnsupportedVersion where the broker does not know it.
func Request[R kmsg.Response](ctx context.Context, n *Node, request kmsg.Request) (R, error) {
	return Ask(ctx, n, func(b *sarama.Broker) (answer R, err error) {
		if err := n.learnVersions(b); err != nil {
			return answer, err
		}
		if _, known := n.versions[request.Key()]; !known {
			return answer, sarama.ErrUnsupportedVersion
		}
		return exchange[R](n, b, request, request.MaxVersion())
	})
}

// exchange sends a request over the connection that sarama opened and authenticated, while
// sarama has none under way on it.
//
// sarama would decompress every batch of an answer with messages into memory at once: a few
// kilobytes from a producer could end the process. Other requests it does not know.
func exchange[R kmsg.Response](n *Node, b *sarama.Broker, request kmsg.Request, most int16) (answer R, err error) {
	if err := n.learnVersions(b); err != nil {
		return answer, err
	}
	if newest, known := n.versions[request.Key()]; known {
		most = min(most, newest)
	}
	request.SetVersion(most)
	n.requests++
	c := n.link.conn
	if err := c.SetDeadline(time.Now().Add(n.cluster.conf.Net.ReadTimeout)); err != nil {
		return answer, err
	}
	if _, err := c.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID(clientID)).AppendRequest(nil, request, n.requests)); err != nil {
		return answer, err
	}
	body, err := readFrame(c, n.requests, largestFetch)
	if err != nil {
		return answer, err
	}
	response := request.ResponseKind()
	if response.IsFlexible() {
		body = body[min(1, len(body)):] // the header of this answer has no tags
	}
	if err := response.ReadFrom(body); err != nil {
		return answer, fmt.Errorf("decode an answer: %w", err)
	}
	return response.(R), nil
}

// learnVersions asks, once for each connection, which requests the broker knows.
func (n *Node) learnVersions(b *sarama.Broker) error {
	if n.versions != nil {
		return nil
	}
	versions := map[int16]int16{}
	if n.cluster.conf.ApiVersionsRequest {
		answer, err := b.ApiVersions(&sarama.ApiVersionsRequest{})
		if err != nil {
			return err
		}
		for _, key := range answer.ApiKeys {
			versions[key.ApiKey] = key.MaxVersion
		}
	}
	n.versions = versions
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
