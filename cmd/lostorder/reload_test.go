package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
