package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/web"
)

// TestConfigIsReloadedWhenItChanges changes a file that nothing else reports as changed.
func TestConfigIsReloadedWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lostorder.yml")
	write := func(name string) {
		if err := os.WriteFile(path, []byte("kafka: [{name: "+name+", brokers: ['127.0.0.1:1']}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("before")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	var log bytes.Buffer
	go func() {
		ended <- Main(ctx, []string{"run", "--config.file=" + path, "--config.watch", "--web.listen-address=" + address}, io.Discard, &log)
	}()
	defer func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("exit code %d\n%s", code, log.String())
		}
	}()
	waitFor(t, "http://"+address+"/api/v1/targets", `"before"`)
	write("after")
	waitFor(t, "http://"+address+"/api/v1/targets", `"after"`)
}

// TestCredentialsInClearAreLoggedOnce applies the same config twice, as a reload does, and then one
// with another target.
func TestCredentialsInClearAreLoggedOnce(t *testing.T) {
	apply := func(s *service, text string) {
		path := filepath.Join(t.TempDir(), "lostorder.yml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := load(path)
		if err != nil {
			t.Fatal(err)
		}
		s.apply(t.Context(), f)
	}
	var log bytes.Buffer
	s := newService(slog.New(slog.NewTextHandler(&log, nil)), web.External{})
	defer s.manager.Stop()
	const one = "rabbitmq: [{name: one, url: 'http://rabbit.invalid:15672', username: u, password: hunter22}"
	apply(s, one+"]\n")
	apply(s, one+"]\n")
	apply(s, one+", {name: two, url: 'http://rabbit.invalid:15673', username: u, password: hunter22}]\n")
	s.manager.Stop()
	text := log.String()
	if n := strings.Count(text, "credentials are not protected"); n != 2 || strings.Contains(text, "hunter22") {
		t.Errorf("%d warnings, want one for each target:\n%s", n, text)
	}
}

// waitFor asks until the answer contains a text.
func waitFor(t *testing.T, url, text string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for last := ""; ; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get(url); err == nil { //nolint:gosec // the test's own address
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if last = string(body); strings.Contains(last, text) {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never has %s; last it had %s", url, text, last)
		}
	}
}
