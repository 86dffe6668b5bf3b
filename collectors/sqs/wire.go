package sqs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"go.opentelemetry.io/otel/attribute"

	"github.com/lostorder/lostorder/internal/span"
)

// The largest answers, in bytes: a page of metrics (500 series of three hours have 10
// MiB), a page of a list (a thousand URLs), and anything else. Several requests are in
// flight at a time, and the SDK keeps each answer in memory as a whole.
const (
	largestMetrics = 32 << 20
	largestList    = 4 << 20
	largestAnswer  = 1 << 20
)

// largest returns the size limit of the answer to a request.
func largest(operation string) int {
	switch operation {
	case "GetMetricData":
		return largestMetrics
	case "ListQueues", "ListDeadLetterSourceQueues":
		return largestList
	}
	return largestAnswer
}

// tooLargeError is an answer above its size limit, in bytes.
type tooLargeError int

func (e tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d MiB", int(e)>>20)
}

// clientOn returns a client whose connections end with the target. It refuses answers
// that are too large, and follows no redirect.
func clientOn(transport *http.Transport, over dial) *http.Client {
	transport.MaxIdleConnsPerHost = inParallel
	if over != nil {
		transport.DialContext = over
	}
	return &http.Client{
		Transport:     wire{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// wire sends the SDK's requests in a form that suits net/http, and bounds their answers.
type wire struct{ *http.Transport }

// RoundTrip sends the request with its body in memory.
//
// The SDK's own body must not reach net/http. The SDK closes it as soon as the head of
// the answer arrives, and from then on its WriteTo returns io.EOF. net/http checks once
// more that the body has ended. On a busy machine the answer can be faster than this
// check. Then net/http sees a failed write and closes the connection while the answer
// is still being read: "use of closed network connection".
//
// A body in memory can also be sent twice. All requests are read-only, so net/http may
// retry by itself when a kept connection turns out to be closed.
func (w wire) RoundTrip(request *http.Request) (answer *http.Response, err error) {
	name, attributes := call(request)
	ctx, end := span.Call(request.Context(), name, attributes...)
	defer func() { end(cmp.Or(err, refused(answer))) }()
	request = request.WithContext(ctx)
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		_ = request.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("read request: %w", err)
		}
		request = request.Clone(request.Context())
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		request.Body, _ = request.GetBody()
		request.Header["Idempotency-Key"] = nil // for net/http alone: without a value it is not sent
	}
	answer, err = w.Transport.RoundTrip(request)
	if err == nil {
		most := largest(middleware.GetOperationName(request.Context()))
		answer.Body = &boundedBody{answer.Body, most, most}
	}
	return answer, err
}

// call names a request as OpenTelemetry's conventions for AWS do: SQS/GetQueueAttributes.
// The SDK puts the operation into the context. Requests for credentials may have none.
func call(request *http.Request) (name string, attributes []attribute.KeyValue) {
	service := cmp.Or(middleware.GetServiceID(request.Context()), "AWS")
	operation := cmp.Or(middleware.GetOperationName(request.Context()), request.Method)
	return service + "/" + operation, []attribute.KeyValue{
		attribute.String("rpc.system", "aws-api"), attribute.String("rpc.service", service), attribute.String("rpc.method", operation),
		attribute.String("server.address", request.URL.Hostname()),
	}
}

// refused returns the answer's status as an error if it is one.
func refused(answer *http.Response) error {
	if answer == nil || answer.StatusCode < http.StatusBadRequest {
		return nil
	}
	return errors.New(answer.Status)
}

// boundedBody is a decompressed answer that is read up to a limit.
type boundedBody struct {
	io.ReadCloser
	most, left int
}

// Read fails at the limit.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		// An answer of exactly the limit has no more bytes, which only a read shows.
		n, err := b.ReadCloser.Read(make([]byte, 1))
		if n > 0 {
			return 0, tooLargeError(b.most)
		}
		return 0, err
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
