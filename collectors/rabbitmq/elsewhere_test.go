package rabbitmq_test

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestRedirectIsNotFollowed: the other server could be anyone's.
func TestRedirectIsNotFollowed(t *testing.T) {
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer elsewhere.Close()
	f := serve(t)
	f.raw("/api/overview", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	if _, err := read(t, settings(t, f.URL)); err == nil || !strings.Contains(err.Error(), "the server answered with status 307") {
		t.Errorf("got %v", err)
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}

// TestOldTLSIsRefusedWithASentence: a server, or a program between, offers TLS 1.1 at most.
func TestOldTLSIsRefusedWithASentence(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // what is refused
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := read(t, settings(t, server.URL, "tls: {ca_file: "+ca+"}"))
	if err == nil || !strings.Contains(err.Error(), "the server offers no TLS 1.2 or newer") {
		t.Errorf("got %v", err)
	}
}
