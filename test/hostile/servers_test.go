//go:build integration

package hostile_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// behaviour is one way in which a server misbehaves.
type behaviour struct {
	name string
	// serve answers one connection until it is closed.
	serve func(conn net.Conn)
}

// endless writes the same bytes until the connection is closed.
func endless(conn net.Conn, piece []byte) {
	big := bytes.Repeat(piece, max(1, 64<<10/max(1, len(piece))))
	for {
		if _, err := conn.Write(big); err != nil {
			return
		}
	}
}

// drip writes a text byte by byte.
func drip(conn net.Conn, text []byte) {
	for i := 0; ; i++ {
		if _, err := conn.Write(text[i%len(text) : i%len(text)+1]); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// drain reads what comes, so that the client can write.
func drain(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// plain are the ways that every protocol has.
func plain() []behaviour {
	garbage := make([]byte, 64<<10)
	_, _ = rand.Read(garbage)
	return []behaviour{
		{"never answers", drain},
		{"closes at once", func(net.Conn) {}},
		{"sends endless garbage", func(conn net.Conn) { go drain(conn); endless(conn, garbage) }},
		{"sends endless zeros", func(conn net.Conn) { go drain(conn); endless(conn, make([]byte, 1024)) }},
		{"sends garbage byte by byte", func(conn net.Conn) { go drain(conn); drip(conn, garbage) }},
	}
}

// listen starts a server and returns its address.
func listen(t *testing.T, b behaviour) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			serving.Go(func() {
				b.serve(conn)
				_ = conn.Close()
				mu.Lock()
				delete(open, conn)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return l.Addr().String()
}

// frame is a length in front of a text.
func frame(length uint32, rest string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, length), rest...)
}

// kafkaFrames answer every request with a frame. The first four bytes after the length are the
// correlation id, which has to be that of the request.
func kafkaAnswers(body func(request []byte) []byte) func(net.Conn) {
	return func(conn net.Conn) {
		for {
			head := make([]byte, 4)
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			request := make([]byte, min(binary.BigEndian.Uint32(head), 1<<20))
			if _, err := io.ReadFull(conn, request); err != nil || len(request) < 8 {
				return
			}
			answer := append(append([]byte{}, request[4:8]...), body(request)...)
			if _, err := conn.Write(frame(uint32(len(answer)), string(answer))); err != nil {
				return
			}
		}
	}
}

func kafka() []behaviour {
	return append(plain(),
		behaviour{"sends a frame of 2 GB", func(conn net.Conn) {
			go drain(conn)
			_, _ = conn.Write(frame(0x7fffffff, ""))
			endless(conn, make([]byte, 1024))
		}},
		behaviour{"sends a frame of negative length", func(conn net.Conn) { go drain(conn); endless(conn, frame(0xffffffff, "\x00\x00\x00\x01")) }},
		behaviour{"sends lists of two billion entries", kafkaAnswers(func([]byte) []byte { return bytes.Repeat([]byte{0x7f, 0xff, 0xff, 0xff}, 64) })},
		behaviour{"sends empty answers", kafkaAnswers(func([]byte) []byte { return nil })},
		behaviour{"answers with 60 MB of ones", kafkaAnswers(func([]byte) []byte { return bytes.Repeat([]byte{0, 0, 0, 1}, 15<<20) })},
		behaviour{"answers with 30 MB of ones", kafkaAnswers(func([]byte) []byte { return bytes.Repeat([]byte{0, 0, 0, 1}, 30<<20/4) })},
	)
}

// postgres reads the greeting, refuses TLS, and continues with then.
func postgres(then func(conn net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		head := make([]byte, 8)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		const tls = 80877103
		if binary.BigEndian.Uint32(head[4:]) == tls {
			if _, err := conn.Write([]byte("N")); err != nil {
				return
			}
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
		}
		rest := make([]byte, min(binary.BigEndian.Uint32(head)-8, 1<<16))
		if _, err := io.ReadFull(conn, rest); err != nil {
			return
		}
		then(conn)
	}
}

// message is one of PostgreSQL's.
func message(kind string, body string) []byte {
	return append([]byte(kind), frame(uint32(len(body)+4), body)...)
}

var signedIn = append(message("R", "\x00\x00\x00\x00"), message("Z", "I")...)

func postgresServers(asked *passwords) []behaviour {
	row := message("D", "\x00\x01\x00\x00\x04\x00"+strings.Repeat("x", 1024))
	return append(plain(),
		behaviour{"asks for the password in clear", postgres(func(conn net.Conn) {
			_, _ = conn.Write(message("R", "\x00\x00\x00\x03"))
			asked.read("PostgreSQL", conn)
		})},
		behaviour{"sends a message of 2 GB", postgres(func(conn net.Conn) {
			go drain(conn)
			_, _ = conn.Write(append([]byte("R"), frame(0x7fffffff, "")...))
			endless(conn, make([]byte, 1024))
		})},
		behaviour{"sends endless notices before the login", postgres(func(conn net.Conn) {
			go drain(conn)
			endless(conn, message("N", "SNOTICE\x00M"+strings.Repeat("x", 500)+"\x00\x00"))
		})},
		behaviour{"sends endless rows", postgres(func(conn net.Conn) {
			_, _ = conn.Write(signedIn)
			go drain(conn)
			_, _ = conn.Write(append(message("1", ""), message("2", "")...))
			_, _ = conn.Write(message("T", "\x00\x01x\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x19\xff\xff\xff\xff\xff\xff\x00\x00"))
			endless(conn, row)
		})},
		behaviour{"accepts the login and then is silent", postgres(func(conn net.Conn) { _, _ = conn.Write(signedIn); drain(conn) })},
	)
}

// packet is one of MySQL's.
func packet(sequence byte, body string) []byte {
	n := len(body)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), sequence}, body...)
}

var greeting = packet(0, "\x0a8.4.0-hostile\x00\x01\x00\x00\x0012345678\x00\xff\xf7\xff\x02\x00\xff\xc1\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00123456789012\x00mysql_native_password\x00")

// mysql greets, accepts every login, and continues with then for each query.
func mysql(then func(conn net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := conn.Write(greeting); err != nil {
			return
		}
		head := make([]byte, 4)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, conn, int64(head[0])|int64(head[1])<<8|int64(head[2])<<16); err != nil {
			return
		}
		if _, err := conn.Write(packet(2, "\x00\x00\x00\x02\x00\x00\x00")); err != nil {
			return
		}
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		go drain(conn)
		then(conn)
	}
}

func mysqlServers(asked *passwords) []behaviour {
	huge := append([]byte{0xff, 0xff, 0xff, 1}, make([]byte, 0xffffff)...)
	column := packet(2, "\x03def\x00\x00\x00\x01x\x00\x0c\x21\x00\xff\xff\x00\x00\xfd\x00\x00\x00\x00\x00")
	return append(plain(),
		behaviour{"asks for the password in clear", func(conn net.Conn) {
			_, _ = conn.Write(greeting)
			head := make([]byte, 4)
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			_, _ = io.CopyN(io.Discard, conn, int64(head[0])|int64(head[1])<<8|int64(head[2])<<16)
			_, _ = conn.Write(packet(2, "\xfemysql_clear_password\x00"))
			asked.read("MySQL", conn)
		}},
		behaviour{"sends an endless packet", mysql(func(conn net.Conn) {
			for sequence := byte(1); ; sequence++ {
				huge[3] = sequence
				if _, err := conn.Write(huge); err != nil {
					return
				}
			}
		})},
		behaviour{"sends endless rows", mysql(func(conn net.Conn) {
			_, _ = conn.Write(append(append(packet(1, "\x01"), column...), packet(3, "\xfe\x00\x00\x02\x00")...))
			sequence := byte(4)
			for {
				if _, err := conn.Write(packet(sequence, "\xfc\x00\x04"+strings.Repeat("x", 1024))); err != nil {
					return
				}
				sequence++
			}
		})},
		behaviour{"accepts the login and then is silent", mysql(drain)},
		behaviour{"announces 16 million columns", mysql(func(conn net.Conn) { _, _ = conn.Write(packet(1, "\xfd\xff\xff\xff")); endless(conn, column) })},
	)
}

// passwords notes where a password arrived.
type passwords struct {
	mu    sync.Mutex
	found []string
}

func (p *passwords) note(where string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = append(p.found, where)
}

// read reads what a client sends after it was asked for its password.
func (p *passwords) read(where string, conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	buffer := make([]byte, 4096)
	n, _ := conn.Read(buffer)
	if bytes.Contains(buffer[:n], []byte(password)) {
		p.note(where)
	}
}

// page is one way in which a server of HTTP misbehaves.
type page struct {
	name string
	http.HandlerFunc
}

// pages are the ways of RabbitMQ's and SQS's servers. list is what an endless list of
// objects is made of.
func pages(t *testing.T, asked *passwords, list string) []page {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 1024 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			asked.note("the server to which " + r.Referer() + " was sent on")
		}
	}))
	t.Cleanup(elsewhere.Close)
	repeat := func(w http.ResponseWriter, piece string) {
		for {
			if _, err := io.WriteString(w, piece); err != nil {
				return
			}
		}
	}
	return []page{
		{"never answers", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
			<-r.Context().Done()
		}},
		{"answers with a web page", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title>")
		}},
		{"answers with status 500 and escape sequences", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, strings.Repeat("\x1b[31m", 1000), http.StatusInternalServerError)
		}},
		{"redirects to another server", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		}},
		{"sends an endless list", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "["); repeat(w, list+",") }},
		{"sends a text of 2 GB", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(2<<30))
			_, _ = io.WriteString(w, `{"QueueUrls":["`)
			repeat(w, strings.Repeat("x", 4096))
		}},
		{"sends JSON of endless depth", func(w http.ResponseWriter, _ *http.Request) { repeat(w, strings.Repeat("[", 4096)) }},
		{"answers with NaN and negative numbers", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/metrics") {
				_, _ = io.WriteString(w, "# x\nrabbitmq_detailed_queue_messages_ready{vhost=\"/\",queue=\"orders\"} NaN\nrabbitmq_detailed_queue_messages_unacked{vhost=\"/\",queue=\"orders\"} -1e308\n")
				return
			}
			_, _ = io.WriteString(w, `[{"name":"orders","vhost":"/","messages":-9e99,"messages_ready":NaN,"consumers":1e400}]`)
		}},
		{"answers with a gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}},
		{"answers byte by byte", func(w http.ResponseWriter, r *http.Request) {
			flush, _ := w.(http.Flusher)
			_, _ = io.Copy(io.Discard, r.Body)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, "["); err != nil {
					return
				}
				flush.Flush()
				time.Sleep(100 * time.Millisecond)
			}
		}},
		{"sends endless headers", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			endless(conn, []byte("X-Padding: "+strings.Repeat("x", 1000)+"\r\n"))
		}},
	}
}

// serveHTTP starts a server and returns its URL.
func serveHTTP(t *testing.T, p page) string {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}
