package pods_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/kubernetes"
	"github.com/lostorder/lostorder/internal/pods"
)

// cluster is an API server that knows pods.
type cluster struct {
	mu      sync.Mutex
	pods    []map[string]any
	refuses bool
	asked   []string
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r.Method+" "+r.URL.String())
	if c.refuses {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"message": "pods is forbidden: User \"system:serviceaccount:shop:lostorder\" cannot list resource \"pods\""}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"items": c.pods})
}

func (c *cluster) set(refuses bool, pods ...map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pods, c.refuses = pods, refuses
}

func pod(name, ip string, annotations map[string]string) map[string]any {
	return map[string]any{
		"metadata": map[string]any{"name": name, "namespace": "shop", "annotations": annotations},
		"status":   map[string]any{"phase": "Running", "podIP": ip},
	}
}

func annotated(snippet, port string) map[string]string {
	return map[string]string{pods.SnippetAnnotation: snippet, pods.PortAnnotation: port}
}

const snippet = `rabbitmq:
  - name: ${POD_NAMESPACE}-${POD_NAME}
    url: http://${POD_IP}:${POD_PORT}
    username: lostorder
    password: ${RABBITMQ_PASSWORD}
`

// watching is a watcher of node-1 with one snippet.
func watching(t *testing.T, log io.Writer) (*pods.Watcher, *cluster) {
	t.Helper()
	c := &cluster{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rabbitmq.yml"), []byte(snippet), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := pods.New(pods.Options{
		API: kubernetes.At(server.URL), Node: "node-1.internal", Namespaces: []string{"shop"}, Snippets: dir, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

func accept([]config.Text) error { return nil }

func TestAnnotatedPodIsWatchedWithTheSnippetThatItNames(t *testing.T) {
	w, c := watching(t, io.Discard)
	if w.Refresh(t.Context()) {
		t.Error("nothing has changed where there are no pods")
	}
	c.set(false, pod("orders-0", "10.0.0.7", annotated("rabbitmq", "15672")), pod("web-0", "10.0.0.8", nil))
	if !w.Refresh(t.Context()) || w.Refresh(t.Context()) {
		t.Error("the pods change once, and are then the same")
	}
	texts := w.Texts(accept)
	if len(texts) != 1 || !strings.HasSuffix(texts[0].Name, "rabbitmq.yml of pod shop/orders-0") {
		t.Fatalf("texts: %v", texts)
	}
	for _, line := range []string{"- name: shop-orders-0\n", "url: http://10.0.0.7:15672\n", "password: ${RABBITMQ_PASSWORD}\n"} {
		if !strings.Contains(string(texts[0].Text), line) {
			t.Errorf("%q is not in\n%s", line, texts[0].Text)
		}
	}
	want := "GET /api/v1/namespaces/shop/pods?resourceVersion=0&fieldSelector=spec.nodeName%3Dnode-1.internal"
	if c.asked[0] != want {
		t.Errorf("the API server was asked %s\nand not %s", c.asked[0], want)
	}
	if err := os.WriteFile(filepath.Join(w.Snippets, "rabbitmq.yml"), []byte("x-nothing: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !w.Refresh(t.Context()) || string(w.Texts(accept)[0].Text) != "x-nothing: 1\n" {
		t.Error("a changed snippet is not read")
	}
	c.set(false)
	if !w.Refresh(t.Context()) || len(w.Texts(accept)) != 0 {
		t.Error("a pod that is gone is still watched")
	}
}

func TestAddressOfAPodMayBeIPv6(t *testing.T) {
	w, c := watching(t, io.Discard)
	c.set(false, pod("orders-0", "fd00:10:244::1a", annotated("rabbitmq", "15672")))
	w.Refresh(t.Context())
	if texts := w.Texts(accept); len(texts) != 1 || !strings.Contains(string(texts[0].Text), "http://[fd00:10:244::1a]:15672\n") {
		t.Errorf("texts: %s", texts)
	}
}

func TestPodThatCannotBeWatchedIsNamedOnceAndHindersNoOther(t *testing.T) {
	pending, ending := pod("pending", "", annotated("rabbitmq", "15672")), pod("ending", "10.0.0.9", annotated("rabbitmq", "15672"))
	pending["status"].(map[string]any)["phase"] = "Pending"
	ending["metadata"].(map[string]any)["deletionTimestamp"] = "2026-11-30T04:12:00Z"
	good := pod("good", "10.0.0.7", annotated("rabbitmq", "15672"))
	for name, c := range map[string]struct {
		pod   map[string]any
		valid func([]config.Text) error
		says  string
	}{
		"is not running yet":           {pending, accept, ""},
		"is being deleted":             {ending, accept, ""},
		"names no snippet that exists": {pod("bad", "10.0.0.8", annotated("postgres", "")), accept, `its annotation lostorder.io/config is \"postgres\", and there is no `},
		"names a path":                 {pod("bad", "10.0.0.8", annotated("../../etc/passwd", "")), accept, "the name of a snippet has small letters, digits and hyphens"},
		"has no port":                  {pod("bad", "10.0.0.8", annotated("rabbitmq", "")), accept, `its annotation lostorder.io/port is \"\", and the snippet rabbitmq needs a port`},
		"has a port that is config":    {pod("bad", "10.0.0.8", annotated("rabbitmq", "1\n    username: root")), accept, "needs a port"},
		"has no address":               {pod("bad", "", annotated("rabbitmq", "15672")), accept, "it has no address yet"},
		"makes the config wrong": {pod("bad", "10.0.0.8", annotated("rabbitmq", "15672")), func(texts []config.Text) error {
			if strings.Contains(string(texts[len(texts)-1].Text), "10.0.0.8") {
				return errors.New("line 2, column 5: name: shop-bad is there twice")
			}
			return nil
		}, "is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			w, kube := watching(t, &log)
			kube.set(false, c.pod, good)
			w.Refresh(t.Context())
			for range 2 {
				if texts := w.Texts(c.valid); len(texts) != 1 || !strings.Contains(string(texts[0].Text), "10.0.0.7") {
					t.Errorf("texts: %s", texts)
				}
			}
			if n := strings.Count(log.String(), "is left out"); c.says == "" && n != 0 || c.says != "" && (n != 1 || !strings.Contains(log.String(), c.says)) {
				t.Errorf("the log should say %q once:\n%s", c.says, &log)
			}
		})
	}
}

func TestPodsStayWhileTheAPIServerRefuses(t *testing.T) {
	var log bytes.Buffer
	w, c := watching(t, &log)
	c.set(false, pod("orders-0", "10.0.0.7", annotated("rabbitmq", "15672")))
	w.Refresh(t.Context())
	c.set(true)
	for range 2 {
		if w.Refresh(t.Context()) || len(w.Texts(accept)) != 1 {
			t.Error("the pods changed because nobody knows them")
		}
	}
	if n := strings.Count(log.String(), `cannot list resource`); n != 1 {
		t.Errorf("the log names the missing right %d times:\n%s", n, &log)
	}
	c.set(false)
	if !w.Refresh(t.Context()) || !strings.Contains(log.String(), "can be listed again") {
		t.Errorf("the pods can be listed again:\n%s", &log)
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	dir := t.TempDir()
	for says, o := range map[string]pods.Options{
		"is no name of a node":      {Node: "node 1", Namespaces: []string{"shop"}, Snippets: dir},
		"no namespace is named":     {Node: "node-1", Snippets: dir},
		"is no name of a namespace": {Node: "node-1", Namespaces: []string{"../kube-system"}, Snippets: dir},
		"is no folder of snippets":  {Node: "node-1", Namespaces: []string{"shop"}, Snippets: filepath.Join(dir, "none")},
	} {
		if _, err := pods.New(o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("the error is %v and should say %q", err, says)
		}
	}
}
