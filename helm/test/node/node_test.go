//go:build kubernetes

package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/action"
	authorization "k8s.io/api/authorization/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// targets is how many the pods share.
const targets = 300

// watched is a config with n outboxes, one of them stuck, and other targets.
func watched(n int, others string) string {
	text := "config:\n  databases: [{name: shop, url: \"SHOP\"}]\n" + others + "  outboxes:\n" +
		"    - {name: orders, database: shop, table: outbox, columns: {published_at: published_at, order_id: [order_id]}, max_age: 5s, interval: 1s}\n"
	for i := 1; i < n; i++ {
		text += fmt.Sprintf("    - {name: o%d, database: shop, table: outbox, where: \"id = %d\", columns: {published_at: published_at}}\n", i, 1000+i)
	}
	return text
}

// TestChartOnARealNode installs the chart in each mode. Its parts follow each other, because
// there is one node.
func TestChartOnARealNode(t *testing.T) {
	c := connect(t)
	c.importImage()
	c.dns()
	c.shop()
	c.kafka()
	for _, part := range []struct {
		name string
		test func(*cluster)
	}{
		{"three replicas share the targets", replicas},
		{"a DaemonSet finds an annotated pod", daemonSet},
		{"a sidecar starts before the app and ends after it", sidecar},
	} {
		if !t.Run(part.name, func(t *testing.T) { on := *c; on.t = t; part.test(&on) }) {
			break
		}
	}
}

func replicas(c *cluster) {
	shared := watched(targets-1, "  kafka: [{name: main, brokers: [KAFKA], interval: 1s}]\n") +
		"mode: deployment\nreplicas: 3\nshard: {leaseDuration: 5s}\n" + c.kafkaBeside()
	c.install("shop", shared)
	stuck, dead := c.finds("shop", 3, "outbox_stalled", "A-1"), c.finds("shop", 3, "dlq_filling")
	c.divided("shop", 3)
	c.test("shop")
	c.rights("shop-lostorder", []string{"coordination.k8s.io leases create,delete,list,update"})

	// A pod is killed: the others take over, and a new one joins.
	victim := c.pods("shop")[0].Name
	if err := c.CoreV1().Pods(namespace).Delete(c.t.Context(), victim, meta.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		c.t.Fatal(err)
	}
	c.eventually("a new pod joins", func() (bool, string) {
		pods := c.pods("shop")
		return len(pods) == 3 && !slices.ContainsFunc(pods, func(p core.Pod) bool { return p.Name == victim }), fmt.Sprint(len(pods))
	})
	c.divided("shop", 3)
	c.same("shop", 3, stuck, dead)

	// A pod is frozen: the others read its targets. It wakes, and reads its share again.
	frozen := c.pods("shop")[0]
	pid := processOf(c.t, "--shard.member="+frozen.Name)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	c.eventually("nobody leaves targets to the pod that is frozen", func() (bool, string) {
		for _, p := range c.pods("shop") {
			if p.Name == frozen.Name {
				continue
			}
			owns, err := owners(&p)
			for _, owner := range owns {
				if owner == frozen.Name || owner == "" || owner == "down" {
					return false, fmt.Sprint(owns)
				}
			}
			if err != nil || len(owns) != targets {
				return false, fmt.Sprint(owns, err)
			}
		}
		return true, ""
	})
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		c.t.Fatal(err)
	}
	c.eventually("three pods are ready", func() (bool, string) { return len(c.pods("shop")) == 3, "" })
	c.divided("shop", 3)
	c.same("shop", 3, stuck, dead)

	// A changed config is applied without a restart.
	before := names(c.pods("shop"))
	c.install("shop", strings.Replace(shared, "outboxes:", "outboxes:\n    - {name: mails, database: shop, table: mails, columns: {published_at: published_at}, interval: 1s}", 1))
	c.eventually("the new target is read", func() (bool, string) {
		pods := c.pods("shop")
		owns, err := owners(&pods[0])
		return owns["outbox/mails"] != "" && owns["outbox/mails"] != "down", fmt.Sprint(owns, err)
	})
	if after := names(c.pods("shop")); !slices.Equal(before, after) {
		c.t.Errorf("the pods were %v and are %v", before, after)
	}

	// An upgrade and a rollback replace all pods, and findings stay what they are.
	c.install("shop", shared+"podAnnotations: {upgraded: 'yes'}\n")
	if after := names(c.pods("shop")); slices.ContainsFunc(after, func(name string) bool { return slices.Contains(before, name) }) {
		c.t.Errorf("the upgrade kept pods: %v, %v", before, after)
	}
	c.same("shop", 3, stuck, dead)
	back := action.NewRollback(c.helm)
	back.Wait, back.Timeout = true, patience
	if err := back.Run("shop"); err != nil {
		c.t.Fatal(err)
	}
	c.same("shop", 3, stuck, dead)
	c.prometheus("shop")
	c.uninstall("shop")
}

// divided waits until all pods agree which pod reads each target, and each of them reads some.
func (c *cluster) divided(release string, n int) {
	c.t.Helper()
	c.eventually("the targets are divided", func() (bool, string) {
		pods, reading := c.pods(release), map[string]bool{}
		if len(pods) != n {
			return false, fmt.Sprintf("%d pods are ready", len(pods))
		}
		var first map[string]string
		for i := range pods {
			owns, err := owners(&pods[i])
			if err != nil || len(owns) != targets {
				return false, fmt.Sprint(owns, err)
			}
			if first == nil {
				first = owns
			}
			for target, owner := range owns {
				reading[owner] = true
				if owner != first[target] || !slices.Contains(names(pods), owner) {
					return false, fmt.Sprint(target, first[target], owner)
				}
			}
		}
		return len(reading) > 1, fmt.Sprint(first)
	})
}

// finds waits until every pod shows the one finding of a mode, with an order.
func (c *cluster) finds(release string, n int, mode string, orders ...string) (f finding) {
	c.t.Helper()
	c.eventually(mode+" is found", func() (bool, string) {
		pods := c.pods(release)
		if len(pods) != n {
			return false, fmt.Sprintf("%d pods are ready", len(pods))
		}
		for i := range pods {
			found, err := findings(&pods[i], mode)
			if err != nil || len(found) != 1 || len(orders) > 0 && !slices.Contains(found[0].OrderIDs, orders[0]) {
				return false, fmt.Sprint(pods[i].Name, found, err)
			}
			f = found[0]
		}
		return true, ""
	})
	return f
}

// same waits until every pod shows the findings as they were.
func (c *cluster) same(release string, n int, all ...finding) {
	c.t.Helper()
	for _, before := range all {
		if after := c.finds(release, n, before.Mode, before.OrderIDs...); after.ID != before.ID || !after.Since.Equal(before.Since) {
			c.t.Errorf("the finding was %s since %s, and is %s since %s", before.ID, before.Since, after.ID, after.Since)
		}
	}
}

func names(pods []core.Pod) (all []string) {
	for i := range pods {
		all = append(all, pods[i].Name)
	}
	slices.Sort(all)
	return all
}

// processOf returns the id of the process with an argument.
func processOf(t *testing.T, argument string) int {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if slices.ContainsFunc(bytes.Split(text, []byte{0}), func(b []byte) bool { return string(b) == argument }) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatalf("no process has the argument %s", argument)
	return 0
}

// rights compares what the service account may do with a list, beside what every service account may do.
func (c *cluster) rights(account string, want []string) {
	c.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", need(c.t, "KUBECONFIG"))
	if err != nil {
		c.t.Fatal(err)
	}
	may := func(user string) (rules []string) {
		as := rest.CopyConfig(config)
		as.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"}}
		review, err := kubernetes.NewForConfigOrDie(as).AuthorizationV1().SelfSubjectRulesReviews().Create(c.t.Context(),
			&authorization.SelfSubjectRulesReview{Spec: authorization.SelfSubjectRulesReviewSpec{Namespace: namespace}}, meta.CreateOptions{})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, r := range review.Status.ResourceRules {
			slices.Sort(r.Verbs)
			rules = append(rules, strings.Join(r.APIGroups, ",")+" "+strings.Join(r.Resources, ",")+" "+strings.Join(r.Verbs, ","))
		}
		slices.Sort(rules)
		return rules
	}
	every := may("system:serviceaccount:" + namespace + ":default")
	got := slices.DeleteFunc(may("system:serviceaccount:"+namespace+":"+account), func(rule string) bool { return slices.Contains(every, rule) })
	if !slices.Equal(got, want) {
		c.t.Errorf("%s may %q, and should %q", account, got, want)
	}
}

// daemonSet finds a pod with the port of a real RabbitMQ.
func daemonSet(c *cluster) {
	address, user, password := c.rabbitMQ()
	pod := &core.Pod{
		ObjectMeta: meta.ObjectMeta{Name: "rabbit-0", Annotations: map[string]string{"lostorder.io/config": "rabbitmq", "lostorder.io/port": "15672"}},
		Spec: core.PodSpec{
			SecurityContext: &core.PodSecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(65532)), SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault}},
			Containers: []core.Container{{
				Name: "rabbit", Image: "lostorder.test/pause:1", ImagePullPolicy: core.PullNever, Args: []string{":15672=" + address},
				SecurityContext: &core.SecurityContext{AllowPrivilegeEscalation: new(bool), Capabilities: &core.Capabilities{Drop: []core.Capability{"ALL"}}},
			}},
		},
	}
	c.eventually("a pod can be created", func() (bool, string) { // once the namespace has its service account
		_, err := c.CoreV1().Pods(namespace).Create(c.t.Context(), pod, meta.CreateOptions{})
		return err == nil, fmt.Sprint(err)
	})
	c.install("nodes", watched(targets, "")+`
mode: daemonset
pods:
  enabled: true
  namespaces: [`+namespace+`]
  snippets:
    rabbitmq:
      rabbitmq: [{name: "${POD_NAME}", url: "http://${POD_IP}:${POD_PORT}", username: "`+user+`", password: "`+password+`", interval: 1s}]
`)
	c.test("nodes") // at once: Helm does not wait for the pods of a DaemonSet
	c.finds("nodes", 1, "dlq_filling")
	pods := c.pods("nodes")
	if owns, err := owners(&pods[0]); err != nil || len(owns) != targets+1 || owns["rabbitmq/rabbit-0"] == "down" {
		c.t.Errorf("the pod reads %v, %v", owns, err)
	}
	c.rights("nodes-lostorder", []string{" pods list", "coordination.k8s.io leases create,delete,list,update"})
	if err := c.CoreV1().Pods(namespace).Delete(c.t.Context(), "rabbit-0", meta.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		c.t.Fatal(err)
	}
	c.eventually("a pod that is gone is not watched", func() (bool, string) {
		pods := c.pods("nodes")
		owns, err := owners(&pods[0])
		return err == nil && len(owns) == targets, fmt.Sprint(owns, err)
	})
	c.uninstall("nodes")
}

// sidecar puts lostorder into the pod of an app that owns the outbox.
func sidecar(c *cluster) {
	c.installApp()
	var pod core.Pod
	c.eventually("the sidecar finds the stuck outbox of the app", func() (bool, string) {
		pods := c.pods("checkout")
		if len(pods) != 1 {
			return false, fmt.Sprintf("%d pods are ready", len(pods))
		}
		pod = pods[0]
		found, err := findings(&pod, "outbox_stalled")
		return err == nil && len(found) == 1, fmt.Sprint(found, err)
	})
	app, own := pod.Status.ContainerStatuses[0], pod.Status.InitContainerStatuses[0]
	if own.Name != "lostorder" || app.State.Running == nil || own.State.Running == nil || app.State.Running.StartedAt.Before(&own.State.Running.StartedAt) {
		c.t.Errorf("the sidecar began at %v and the app at %v", own.State.Running, app.State.Running)
	}
	ended := c.ends(pod.Name)
	if ended["lostorder"].Before(ended["app"]) || ended["app"].IsZero() {
		c.t.Errorf("they ended at %v", ended)
	}
	c.uninstall("checkout")
}

// ends deletes a pod and returns when each of its containers ended.
func (c *cluster) ends(name string) map[string]time.Time {
	c.t.Helper()
	watch, err := c.CoreV1().Pods(namespace).Watch(c.t.Context(), meta.ListOptions{FieldSelector: "metadata.name=" + name, ResourceVersion: "0"})
	if err != nil {
		c.t.Fatal(err)
	}
	defer watch.Stop()
	if err := c.CoreV1().Pods(namespace).Delete(c.t.Context(), name, meta.DeleteOptions{}); err != nil {
		c.t.Fatal(err)
	}
	ended := map[string]time.Time{}
	timeout := time.After(patience)
	for {
		select {
		case event := <-watch.ResultChan():
			p, ok := event.Object.(*core.Pod)
			if !ok {
				c.t.Fatalf("the pod is not watched any more: %v", event.Object)
			}
			for _, s := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
				if s.State.Terminated != nil && ended[s.Name].IsZero() {
					ended[s.Name] = s.State.Terminated.FinishedAt.Time
				}
			}
			if event.Type == apiwatch.Deleted {
				return ended
			}
		case <-timeout:
			c.t.Fatalf("the pod did not end within %s: %v", patience, ended)
		}
	}
}
