package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lostorder/lostorder/internal/ownership/leasetest"
	"github.com/lostorder/lostorder/internal/pods"
)

// nodes is an API server with one annotated pod on each node, whose name it has.
type nodes struct {
	mu    sync.Mutex
	empty map[string]bool
}

func (n *nodes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	node := strings.TrimPrefix(r.URL.Query().Get("fieldSelector"), "spec.nodeName=")
	items := []any{}
	if !n.empty[node] {
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": "at" + node, "namespace": "shop", "annotations": map[string]string{pods.SnippetAnnotation: "shop"}},
			"status":   map[string]any{"phase": "Running", "podIP": "10.0.0.7"},
		})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
}

// TestPodsOfANodeAreWatchedByItsMember plays a DaemonSet on two nodes: what is in the config
// file is read by one member, and the pods of a node by the member on it.
func TestPodsOfANodeAreWatchedByItsMember(t *testing.T) {
	leases := httptest.NewServer(leasetest.New())
	defer leases.Close()
	known := &nodes{empty: map[string]bool{}}
	kubernetes := httptest.NewServer(known)
	defer kubernetes.Close()
	file, _ := sharedShop(t)
	snippets := t.TempDir()
	snippet := "lifecycles:\n- {name: \"${POD_NAME}\", source: {database: shop, table: orders3}, states: {placed: {max: 1m, next: [paid]}, paid: {}}, interval: 500ms}\n"
	if err := os.WriteFile(filepath.Join(snippets, "shop.yml"), []byte(snippet), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func(node string) *replica {
		address := freePort(t)
		return startReplica(t, node, address, file, "--pods.node="+node, "--pods.namespace=shop", "--pods.snippets="+snippets, "--pods.api-server="+kubernetes.URL,
			"--shard.leases=shop/lostorder", "--shard.member="+node, "--shard.url=http://"+address, "--shard.api-server="+leases.URL, "--shard.lease-duration="+shortLease.String())
	}
	a, b := start("n1"), start("n2")
	var ofA, ofB []string
	eventuallyWithin(t, "each target is read where it belongs", 2*shortLease+6*slack, func() bool {
		ofA, ofB = a.reads(), b.reads()
		all := slices.Concat(ofA, ofB)
		slices.Sort(all)
		return len(ofA) > 1 && len(ofB) > 1 && len(all) == sharedTargets+2 && len(slices.Compact(all)) == sharedTargets+2 && slices.Contains(ofA, "atn1") && slices.Contains(ofB, "atn2")
	})
	stuck := func() bool { return strings.Contains(a.get("/api/v1/findings"), `"lifecycle": "atn1"`) }
	eventuallyWithin(t, "the stuck order of the pod is found", slack, stuck)

	known.mu.Lock()
	known.empty["n1"] = true
	known.mu.Unlock()
	eventuallyWithin(t, "a pod that is gone is not watched", 3*slack, func() bool { return !slices.Contains(a.reads(), "atn1") && !stuck() })
	if !slices.Contains(b.reads(), "atn2") {
		t.Error("the pod of the other node is not watched any more")
	}
}

func TestNodeWithoutPodsNeedsNoTargets(t *testing.T) {
	kubernetes := httptest.NewServer(&nodes{empty: map[string]bool{"n1": true}})
	defer kubernetes.Close()
	file := filepath.Join(t.TempDir(), "lostorder.yml")
	if err := os.WriteFile(file, []byte("# only pods are watched\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startReplica(t, "n1", freePort(t), file, "--pods.node=n1", "--pods.namespace=shop", "--pods.snippets="+t.TempDir(), "--pods.api-server="+kubernetes.URL)
	eventuallyWithin(t, "it runs", slack, func() bool { return strings.Contains(r.get("/-/healthy"), "ealthy") })
}

func TestWrongFlagsOfPodsAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lostorder.yml")
	if err := os.WriteFile(file, []byte("kafka: [{name: main, brokers: ['127.0.0.1:1']}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for flags, want := range map[string]string{
		"--pods.namespace=shop":                                         "--pods.namespace needs --pods.node",
		"--pods.node=n1 --pods.namespace=shop":                          "--pods.node: this is no pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set",
		"--pods.node=n1 --pods.api-server=http://127.0.0.1:1":           "--pods.node: no namespace is named; name those whose pods may be given the credentials",
		"--pods.node=n1 --pods.namespace=shop --pods.api-server=kube:1": "--pods.api-server: ",
	} {
		var out, errs bytes.Buffer
		code := Main(t.Context(), append([]string{"run", "--config.check", "--config.file=" + file}, strings.Fields(flags)...), &out, &errs)
		if code != 1 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit code %d, %s", flags, code, errs.String())
		}
	}
}
