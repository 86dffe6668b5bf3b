package ownership_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/ownership/leasetest"
)

// member starts a member that holds a lease of a second in an API server.
func member(t *testing.T, api, name string, log io.Writer) (l *ownership.Leases, stop func()) {
	t.Helper()
	l, err := ownership.NewShortLeases(ownership.Options{
		Namespace: "shop", Group: "lostorder", Member: name, URL: "http://" + name + ":10404/", Duration: time.Second,
		API: api, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	return l, func() {
		cancel()
		running.Wait()
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never happens: " + what)
		}
	}
}

func TestMembersFindEachOtherInKubernetes(t *testing.T) {
	leases := leasetest.New()
	api := httptest.NewServer(leases)
	defer api.Close()
	a, stopA := member(t, api.URL, "pod-a", io.Discard)
	b, stopB := member(t, api.URL, "pod-b", io.Discard)
	all := targets(30)
	share := func(l *ownership.Leases) (n int) {
		for _, id := range all {
			if l.View().Owns(id) {
				n++
			}
		}
		return n
	}
	eventually(t, "both read their share", func() bool { return share(a) > 0 && share(b) > 0 && share(a)+share(b) == len(all) })
	if others := a.View().Others; len(others) != 1 || others[0] != (ownership.Member{Name: "pod-b", URL: "http://pod-b:10404"}) {
		t.Errorf("the others are %+v", others)
	}
	lease := leases.Lease("shop", "lostorder.pod-a")
	spec, _ := lease["spec"].(map[string]any)
	if _, err := time.Parse(time.RFC3339Nano, spec["renewTime"].(string)); err != nil || spec["leaseDurationSeconds"] != 1.0 || lease["kind"] != "Lease" {
		t.Errorf("the lease is %v (%v)", lease, err)
	}
	stopB()
	b.Leave(t.Context())
	eventually(t, "the one that stays reads everything", func() bool { return share(a) == len(all) })
	if names := leases.Names(); !slices.Equal(names, []string{"lostorder.pod-a"}) {
		t.Errorf("the leases are %v", names)
	}
	stopA()
	if methods := leases.Methods(); !slices.Equal(methods, []string{"DELETE", "GET", "POST", "PUT"}) {
		t.Errorf("the requests are %v, and the chart's role allows list, create, update and delete", methods)
	}
}

func TestAMemberThatMayNotReadLeasesSaysWhatIsMissing(t *testing.T) {
	leases := leasetest.New()
	leases.Refuse(true)
	api := httptest.NewServer(leases)
	defer api.Close()
	var log bytes.Buffer
	var mu sync.Mutex
	l, stop := member(t, api.URL, "pod-a", writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	}))
	defer stop()
	text := func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
	eventually(t, "the log names the right", func() bool { return strings.Contains(text(), "cannot list resource") })
	if l.View().Active {
		t.Error("it reads without a lease")
	}
	leases.Refuse(false)
	eventually(t, "it reads once it may", func() bool { return l.View().Active })
	if n := strings.Count(text(), "cannot renew its lease"); n != 1 {
		t.Errorf("the failure is in the log %d times", n)
	}
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestWrongOptionsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*ownership.Options)
		want   string
	}{
		"a member that cannot be a name": {func(o *ownership.Options) { o.Member = "Pod_A" }, `"Pod_A" cannot be the name of a lease`},
		"a lease that is too short":      {func(o *ownership.Options) { o.Duration = time.Second }, "a lease of 1s is too short: use at least 3s"},
		"an address without a scheme":    {func(o *ownership.Options) { o.URL = "pod-a:10404" }, "the address of a member is not a plain http or https URL"},
		"outside of Kubernetes":          {func(o *ownership.Options) { o.API = "" }, "this is no pod of Kubernetes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBERNETES_SERVICE_HOST", "")
			o := ownership.Options{Namespace: "shop", Group: "lostorder", Member: "pod-a", Duration: 15 * time.Second, API: "http://127.0.0.1:1"}
			tc.change(&o)
			if _, err := ownership.NewLeases(o); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	for _, text := range []string{"", "shop", "shop/", "/lostorder", "Shop/lostorder", "shop/lost order", "shop/a/b"} {
		if _, _, err := ownership.ParseGroup(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestKubernetesRemovesTheLeaseWithItsPod(t *testing.T) {
	leases := leasetest.New()
	api := httptest.NewServer(leases)
	defer api.Close()
	l, err := ownership.NewShortLeases(ownership.Options{
		Namespace: "shop", Group: "lostorder", Member: "pod-a", PodUID: "7f4c", Duration: time.Second, API: api.URL, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	defer running.Wait()
	defer cancel()
	eventually(t, "there is a lease", func() bool { return len(leases.Names()) == 1 })
	owners, _ := leases.Lease("shop", "lostorder.pod-a")["metadata"].(map[string]any)["ownerReferences"].([]any)
	if len(owners) != 1 {
		t.Fatalf("its owners are %v", owners)
	}
	if o := owners[0].(map[string]any); o["kind"] != "Pod" || o["name"] != "pod-a" || o["uid"] != "7f4c" || o["apiVersion"] != "v1" {
		t.Errorf("its owner is %v", o)
	}
}
