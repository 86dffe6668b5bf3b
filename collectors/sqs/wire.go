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

// What an answer may hold: a page of metrics, 500 series of three hours of which are
// 10 MiB; a page of a list, a thousand URLs; and anything else. Several requests are
// under way at a time, and the SDK keeps each answer in memory as a whole.
const (
	largestMetrics = 32 << 20
	largestList    = 4 << 20
	largestAnswer  = 1 << 20
)

// largest returns how large the answer to a request may be.
func largest(operation string) int {
	switch operation {
	case "GetMetricData":
		return largestMetrics
	case "ListQueues", "ListDeadLetterSourceQueues":
		return largestList
	}
	return largestAnswer
}

// tooLargeError is an answer that is larger than it may be, in bytes.
type tooLargeError int

func (e tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d MiB", int(e)>>20)
}

// clientOn returns a client whose connections end with the target, and which
// takes no answer that is too large and follows nobody elsewhere.
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

// wire sends the SDK's requests in a form that net/http can deal with, and bounds
// their answers.
type wire struct{ *http.Transport }

// RoundTrip sends the request with its body in memory.
//
// The SDK's own body must not reach net/http: the SDK closes it as soon as the head of
// the answer is there, and from then on its WriteTo returns io.EOF. net/http, which
// asks once more whether the body has really ended, takes that for a failed write
// when the answer is quicker than this question, as it is on a busy machine, and
// closes the connection while the answer is still being read: "use of closed network
// connection".
//
// A body in memory can also be sent twice. All that is asked for here only reads, so
// that net/http may ask again by itself when a kept connection turns out to be closed.
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
// The SDK says in the context what it is about to ask; who asks for credentials may say
// nothing.
func call(request *http.Request) (name string, attributes []attribute.KeyValue) {
	service := cmp.Or(middleware.GetServiceID(request.Context()), "AWS")
	operation := cmp.Or(middleware.GetOperationName(request.Context()), request.Method)
	return service + "/" + operation, []attribute.KeyValue{
		attribute.String("rpc.system", "aws-api"), attribute.String("rpc.service", service), attribute.String("rpc.method", operation),
		attribute.String("server.address", request.URL.Hostname()),
	}
}

// refused returns an error when the server answered with one.
func refused(answer *http.Response) error {
	if answer == nil || answer.StatusCode < http.StatusBadRequest {
		return nil
	}
	return errors.New(answer.Status)
}

// boundedBody is an answer, unpacked where it came packed, that is read up to a limit.
type boundedBody struct {
	io.ReadCloser
	most, left int
}

// Read fails once there is more than there may be.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		// The end of an answer that has just the right size is not known before it is read.
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
