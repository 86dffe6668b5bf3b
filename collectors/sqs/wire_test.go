package sqs_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/sqs"
)

// closedEarly is a body as the SDK makes them, closed before net/http asked whether
// it has ended: its WriteTo says io.EOF, which no WriterTo should.
type closedEarly struct{ io.Reader }

func (closedEarly) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }
func (closedEarly) Close() error                     { return nil }

// TestABodyThatTheSDKClosedEarlyCutsNoAnswer reproduces what happens by chance on a busy
// machine: the SDK closes the body before net/http has finished with it. The answer is
// long enough that the connection would be closed in the middle of it.
func TestABodyThatTheSDKClosedEarlyCutsNoAnswer(t *testing.T) {
	const question, size = "Action=GetMetricData", 1 << 20
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != question {
			t.Errorf("the server got %q, %v", body, err)
		}
		if r.Header["Idempotency-Key"] != nil {
			t.Error("a header was sent that is for net/http alone")
		}
		_, _ = w.Write(bytes.Repeat([]byte{'x'}, size))
	}))
	t.Cleanup(server.Close)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, closedEarly{strings.NewReader(question)})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(question))
	answer, err := sqs.ClientOn(transport, nil).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); err != nil || n != size {
		t.Errorf("read %d bytes of %d: %v", n, size, err)
	}
}

// TestAKeptConnectionThatWasClosedIsNoTrouble closes each connection after its
// first answer, without a word, as load balancers do.
func TestAKeptConnectionThatWasClosedIsNoTrouble(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			_, _ = conn.Read(make([]byte, 4096)) // the next request, which is never answered
			_ = conn.Close()
		}
	}()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := sqs.ClientOn(transport, nil)
	for i := range 5 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listener.Addr().String(), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
}
