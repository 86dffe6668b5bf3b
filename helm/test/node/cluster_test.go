//go:build kubernetes

// Package node installs the chart on a real node of Kubernetes, which test/parts/run starts.
package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/cli"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

// patience is how long a condition may take on a busy machine.
const patience = 2 * time.Minute

// namespace enforces the pod security standard "restricted".
const namespace = "lostorder"

// cluster is the node, with Helm and a client for it.
type cluster struct {
	*kubernetes.Clientset
	t      *testing.T
	helm   *action.Configuration
	shopAt string // the address of PostgreSQL for pods, with user and password
}

func need(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Fatalf("%s is not set: run make test-kubernetes", variable)
	}
	return value
}

func connect(t *testing.T) *cluster {
	t.Helper()
	file := need(t, "KUBECONFIG")
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{Clientset: kubernetes.NewForConfigOrDie(config), t: t, helm: &action.Configuration{}}
	settings := cli.New()
	settings.KubeConfig = file
	settings.SetNamespace(namespace)
	if err := c.helm.Init(settings.RESTClientGetter(), namespace, "secret", func(string, ...any) {}); err != nil {
		t.Fatal(err)
	}
	_, err = c.CoreV1().Namespaces().Create(t.Context(), &core.Namespace{ObjectMeta: meta.ObjectMeta{
		Name: namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, meta.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.tell()
		}
	})
	return c
}

// tell logs what the pods are and say.
func (c *cluster) tell() {
	ctx := context.Background()
	pods, _ := c.CoreV1().Pods(namespace).List(ctx, meta.ListOptions{})
	for i := range pods.Items {
		p := &pods.Items[i]
		c.t.Logf("pod %s: %s %s", p.Name, p.Status.Phase, p.Status.Message)
		for _, s := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
			state, _ := json.Marshal(s.State)
			log, _ := c.CoreV1().Pods(namespace).GetLogs(p.Name, &core.PodLogOptions{Container: s.Name, TailLines: new(int64(15))}).DoRaw(ctx)
			c.t.Logf("container %s of it: %s\n%s", s.Name, state, log)
		}
	}
	events, _ := c.CoreV1().Events(namespace).List(ctx, meta.ListOptions{})
	for _, e := range events.Items {
		if e.Type != core.EventTypeNormal {
			c.t.Logf("event of %s: %s", e.InvolvedObject.Name, e.Message)
		}
	}
}

func (c *cluster) eventually(what string, holds func() (bool, string)) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		yes, no := holds()
		if yes {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("not within %s: %s; %s", patience, what, no)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// importImage builds the image of this checkout for this machine and gives it to the node.
func (c *cluster) importImage() {
	c.t.Helper()
	archive := filepath.Join(c.t.TempDir(), "lostorder.tar")
	run(c.t, "../../../build", "go", "run", "./image", "--source=..", "--version=test", "--name=lostorder.test/lostorder", "--platform=linux/"+goarch(c.t), "--output="+archive)
	run(c.t, ".", "ctr", "--address="+need(c.t, "CONTAINERD_ADDRESS"), "--namespace=k8s.io", "images", "import", "--base-name=lostorder.test/lostorder", archive)
}

func goarch(t *testing.T) string { return strings.TrimSpace(run(t, ".", "go", "env", "GOARCH")) }

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// shop makes a database with a stuck outbox on the PostgreSQL of this machine, and lets pods reach it.
func (c *cluster) shop() {
	c.t.Helper()
	u, err := url.Parse(need(c.t, "POSTGRES_URL"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.sql("CREATE TABLE outbox (id bigint PRIMARY KEY, order_id text, created_at timestamptz NOT NULL, published_at timestamptz)",
		"CREATE INDEX ON outbox (created_at, id) WHERE published_at IS NULL",
		"CREATE TABLE mails (id bigint PRIMARY KEY, order_id text, created_at timestamptz NOT NULL, published_at timestamptz)",
		"CREATE INDEX ON mails (created_at, id) WHERE published_at IS NULL",
		"INSERT INTO outbox SELECT n, 'A-' || n, now() - interval '1 hour', NULL FROM generate_series(1, 5) n")
	u.Host = c.reachable(u.Host)
	c.shopAt = u.String()
}

func (c *cluster) sql(statements ...string) {
	c.t.Helper()
	run(c.t, ".", "psql", need(c.t, "POSTGRES_URL"), "--quiet", "--set=ON_ERROR_STOP=1", "--command="+strings.Join(statements, "; "))
}

// values are those of the chart: the image of this checkout, and text.
func (c *cluster) values(text string) map[string]any {
	c.t.Helper()
	text = strings.NewReplacer("SHOP", c.shopAt, "KAFKA", need(c.t, "KAFKA_ADDR")).Replace(text)
	var v map[string]any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		c.t.Fatalf("%v\n%s", err, text)
	}
	v["image"] = map[string]any{"repository": "lostorder.test/lostorder", "tag": "test", "pullPolicy": "Never"}
	return v
}

// install installs the chart, or upgrades it, and waits until its pods are ready.
func (c *cluster) install(release, text string) {
	c.t.Helper()
	chart, err := loader.Load("../../lostorder")
	if err != nil {
		c.t.Fatal(err)
	}
	if past, _ := c.helm.Releases.History(release); len(past) > 0 {
		up := action.NewUpgrade(c.helm)
		up.Namespace, up.Wait, up.Timeout = namespace, true, patience
		_, err = up.RunWithContext(c.t.Context(), release, chart, c.values(text))
	} else {
		in := action.NewInstall(c.helm)
		in.Namespace, in.ReleaseName, in.Wait, in.Timeout = namespace, release, true, patience
		_, err = in.RunWithContext(c.t.Context(), chart, c.values(text))
	}
	if err != nil {
		c.t.Fatalf("install %s: %v", release, err)
	}
}

// test runs the chart's own test.
func (c *cluster) test(release string) {
	c.t.Helper()
	testing := action.NewReleaseTesting(c.helm)
	testing.Namespace, testing.Timeout = namespace, patience
	if _, err := testing.Run(release); err != nil {
		c.t.Fatalf("helm test %s: %v", release, err)
	}
}

// uninstall removes a release. Nothing of it may be left.
func (c *cluster) uninstall(release string) {
	c.t.Helper()
	un := action.NewUninstall(c.helm)
	un.Wait, un.Timeout = true, patience
	if _, err := un.Run(release); err != nil {
		c.t.Fatal(err)
	}
	c.eventually("nothing of "+release+" is left", func() (bool, string) {
		var left []string
		only := meta.ListOptions{LabelSelector: "app.kubernetes.io/instance=" + release}
		ctx := c.t.Context()
		add := func(kind string, n int, err error) {
			if err != nil || n > 0 {
				left = append(left, fmt.Sprint(n, " ", kind, " ", err))
			}
		}
		pods, err := c.CoreV1().Pods("").List(ctx, only)
		add("pods", len(pods.Items), err)
		maps, err := c.CoreV1().ConfigMaps("").List(ctx, only)
		add("config maps", len(maps.Items), err)
		secrets, err := c.CoreV1().Secrets(namespace).List(ctx, meta.ListOptions{})
		add("secrets", len(secrets.Items), err)
		services, err := c.CoreV1().Services("").List(ctx, only)
		add("services", len(services.Items), err)
		accounts, err := c.CoreV1().ServiceAccounts("").List(ctx, only)
		add("service accounts", len(accounts.Items), err)
		roles, err := c.RbacV1().Roles("").List(ctx, only)
		add("roles", len(roles.Items), err)
		bindings, err := c.RbacV1().RoleBindings("").List(ctx, only)
		add("role bindings", len(bindings.Items), err)
		leases, err := c.CoordinationV1().Leases(namespace).List(ctx, meta.ListOptions{})
		add("leases", len(leases.Items), err)
		return len(left) == 0, strings.Join(left, ", ")
	})
}

// pods are those of a release that are ready and not about to end, by their names.
func (c *cluster) pods(release string) (ready []core.Pod) {
	c.t.Helper()
	list, err := c.CoreV1().Pods(namespace).List(c.t.Context(), meta.ListOptions{LabelSelector: "app.kubernetes.io/instance=" + release})
	if err != nil {
		c.t.Fatal(err)
	}
	for i := range list.Items {
		p := &list.Items[i]
		if p.DeletionTimestamp == nil && slices.ContainsFunc(p.Status.Conditions, func(c core.PodCondition) bool { return c.Type == core.PodReady && c.Status == core.ConditionTrue }) {
			ready = append(ready, *p)
		}
	}
	return ready
}

// ask reads an endpoint of a pod's API.
func ask(p *core.Pod, path string, answer any) error {
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get("http://" + net.JoinHostPort(p.Status.PodIP, "10404") + path)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// finding is what the tests want to know of one.
type finding struct {
	ID       string    `json:"id"`
	Mode     string    `json:"mode"`
	Since    time.Time `json:"since"`
	OrderIDs []string  `json:"order_ids"`
}

func findings(p *core.Pod, mode string) ([]finding, error) {
	var answer struct{ Findings []finding }
	err := ask(p, "/api/v1/findings?mode="+mode, &answer)
	return answer.Findings, err
}

// owners are the pods that read each target, as one pod shows it.
func owners(p *core.Pod) (map[string]string, error) {
	var answer struct {
		Targets []struct {
			Collector, Target, Owner string
			Up                       bool
		}
	}
	err := ask(p, "/api/v1/targets", &answer)
	all := map[string]string{}
	for _, t := range answer.Targets {
		if !t.Up {
			t.Owner = "down"
		}
		all[t.Collector+"/"+t.Target] = t.Owner
	}
	return all, err
}
