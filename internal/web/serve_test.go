package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"github.com/lostorder/lostorder/internal/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listening tells from the log on which address the server listens.
type listening struct {
	mu   sync.Mutex
	log  bytes.Buffer
	addr chan string
}

var address = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

func (l *listening) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := address.FindSubmatch(p); found != nil {
		l.addr <- string(found[1])
	}
	return l.log.Write(p)
}

// serve starts a server and returns its address and what ends it.
func serve(t *testing.T, h http.Handler, config string) (addr string, stop func() error) {
	t.Helper()
	l := &listening{addr: make(chan string, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	flags := &toolkit.FlagConfig{WebListenAddresses: &[]string{"127.0.0.1:0"}, WebConfigFile: &config}
	go func() { ended <- web.Serve(ctx, h, flags, slog.New(slog.NewTextHandler(l, nil))) }()
	stop = func() error { cancel(); return <-ended }
	select {
	case addr = <-l.addr:
	case err := <-ended:
		cancel()
		t.Fatalf("serve: %v", err)
	}
	return addr, stop
}

func request(t *testing.T, client *http.Client, url, user, password string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestServeAsksForThePassword(t *testing.T) {
	config := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(config, []byte("basic_auth_users:\n  oncall: "+hash(t, "correct horse")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, stop := serve(t, handler(calm()), config)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if code, _ := request(t, client, "http://"+addr+"/", "", ""); code != http.StatusUnauthorized {
		t.Errorf("without password: %d", code)
	}
	if code, _ := request(t, client, "http://"+addr+"/metrics", "oncall", "wrong"); code != http.StatusUnauthorized {
		t.Errorf("with a wrong password: %d", code)
	}
	if code, body := request(t, client, "http://"+addr+"/", "oncall", "correct horse"); code != http.StatusOK || !strings.Contains(body, "No order is being lost.") {
		t.Errorf("with the password: %d", code)
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestServeEndsAfterTheRequestsInProgress(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = w.Write([]byte("whole"))
	})
	addr, stop := serve(t, h, "")
	answer := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		_, body := request(t, client, "http://"+addr+"/", "", "")
		answer <- body
	}()
	<-arrived
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	// Once the port is closed, the server is ending; the request is not cut short.
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	select {
	case err := <-stopped:
		t.Fatalf("ended before the request: %v", err)
	default:
	}
	close(release)
	if got := <-answer; got != "whole" {
		t.Errorf("the request in progress got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestServeSaysThatThePortIsTaken(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	none := ""
	flags := &toolkit.FlagConfig{WebListenAddresses: &[]string{l.Addr().String()}, WebConfigFile: &none}
	err = web.Serve(t.Context(), handler(nil), flags, slog.New(slog.DiscardHandler))
	if err == nil || !strings.HasPrefix(err.Error(), "serve http: listen tcp ") || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("serve: %v", err)
	}
}

func hash(t *testing.T, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}
