package fakesqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Account is the account that all queues belong to.
const Account = "000000000000"

// Region is the region that the queues say they are in.
const Region = "eu-central-1"

// maxRequest bounds what a request may hold: SQS takes 1 MiB of messages.
const maxRequest = 4 << 20

// Server is an SQS server. Make one with Start, or use it as an http.Handler of
// a server of your own.
type Server struct {
	// Resolution is the length of CloudWatch's periods: a minute, as in AWS, unless
	// a demo has less time. It must not change once the server is in use.
	Resolution time.Duration

	mu       sync.Mutex
	queues   map[string]*queue
	changed  chan struct{} // closed and replaced when a message becomes visible
	fault    func(action, queue string) error
	requests map[string]int
	sequence int

	url  string
	http *http.Server
	done chan struct{}
}

// New returns a server that does not listen.
func New() *Server {
	return &Server{
		Resolution: time.Minute,
		queues:     map[string]*queue{}, changed: make(chan struct{}), requests: map[string]int{},
	}
}

// Start returns a server that listens on a free port of the loopback.
func Start() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the SQS server: %w", err)
	}
	s := New()
	s.url = "http://" + listener.Addr().String()
	s.done = make(chan struct{})
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener)
	}()
	return s, nil
}

// URL is the endpoint to give to the SDK.
func (s *Server) URL() string { return s.url }

// Close ends the server and all its connections.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}

// Fail makes requests fail: fault is asked before each one and returns the error
// that it is answered with, or nil. Give nil to end it.
func (s *Server) Fail(fault func(action, queue string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Requests returns how often each action was asked for.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// ServeHTTP answers one request of the SDK.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return // the client went away
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		s.serveMetrics(w, body)
		return
	}
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	// The host that the client used, so that queues have a URL behind a proxy, too.
	answer, err := s.do(r.Context(), "http://"+r.Host, action, body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err != nil {
		refuse(w, err)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, err error) {
	refusal, ok := errors.AsType[*Error](err)
	if !ok {
		refusal = &Error{Code: "InternalError", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	status := refusal.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if legacy := refusal.legacy(); legacy != "" {
		w.Header().Set("X-Amzn-Query-Error", legacy+";Sender")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + refusal.Code, "message": refusal.Message})
}

// do carries out one action.
func (s *Server) do(ctx context.Context, base, action string, body []byte) (any, error) {
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, &Error{Code: "SerializationException", Message: "the body is not JSON"}
	}
	name := in.QueueName
	if in.QueueURL != "" {
		name = in.QueueURL[strings.LastIndexByte(in.QueueURL, '/')+1:]
	}
	if err := s.admit(action, name); err != nil {
		return nil, err
	}
	if action == "ReceiveMessage" {
		return s.receive(ctx, name, &in)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch action {
	case "CreateQueue":
		return s.create(base, name, &in, now)
	case "ListQueues":
		return s.list(base, &in), nil
	}
	q := s.queues[name]
	if q == nil {
		return nil, errNoQueue
	}
	q.settle(now)
	switch action {
	case "GetQueueUrl":
		return map[string]string{"QueueUrl": q.url(base)}, nil
	case "DeleteQueue":
		delete(s.queues, name)
		return struct{}{}, nil
	case "PurgeQueue":
		q.messages = nil
		return struct{}{}, nil
	case "GetQueueAttributes":
		return q.describe(in.AttributeNames, now), nil
	case "SetQueueAttributes":
		return struct{}{}, q.set(in.Attributes, now)
	case "ListQueueTags":
		return map[string]any{"Tags": q.tags}, nil
	case "TagQueue":
		maps.Copy(q.tags, in.QueueTags)
		return struct{}{}, nil
	case "ListDeadLetterSourceQueues":
		return s.sources(base, q), nil
	case "SendMessage":
		return s.send(q, &in.message, now)
	case "SendMessageBatch":
		return s.sendBatch(q, in.Entries, now)
	case "DeleteMessage":
		return struct{}{}, s.remove(q, in.ReceiptHandle, now)
	case "DeleteMessageBatch":
		return s.removeBatch(q, in.Entries, now)
	case "ChangeMessageVisibility":
		return struct{}{}, s.hide(q, &in, now)
	}
	return nil, &Error{Code: "UnsupportedOperation", Message: action + " is not built"}
}

// admit counts a request and asks whether it is to fail.
func (s *Server) admit(action, queue string) error {
	s.mu.Lock()
	s.requests[action]++
	fault := s.fault
	s.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(action, queue)
}

// wake lets those who wait for a message look again.
func (s *Server) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}
