//go:build kubernetes

package node

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// prometheus has a real Prometheus find the pods in Kubernetes as the chart's monitors select
// them, and waits until a real Alertmanager has the alerts about the stuck outbox and the dead
// letters.
func (c *cluster) prometheus(release string) {
	c.t.Helper()
	var kubeconfig struct {
		Clusters []struct {
			Cluster struct{ Server string }
		}
		Users []struct {
			User struct{ Token string }
		}
	}
	text, err := os.ReadFile(need(c.t, "KUBECONFIG"))
	if err != nil {
		c.t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &kubeconfig); err != nil {
		c.t.Fatal(err)
	}
	dir := c.t.TempDir()
	for _, pattern := range []string{"rules/*.yml", "alerts/*.yml"} {
		files, err := filepath.Glob("../../../" + pattern)
		if err != nil || len(files) == 0 {
			c.t.Fatal(pattern, err)
		}
		for _, file := range files {
			rules, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, filepath.Base(filepath.Dir(pattern))+"-"+filepath.Base(file)), rules, 0o600)
			}
			if err != nil {
				c.t.Fatal(err)
			}
		}
	}
	alertmanager := c.free("127.0.0.1")
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["%s/*-*.yml"]
alerting: {alertmanagers: [{static_configs: [{targets: ["%s"]}]}]}
scrape_configs:
  - job_name: lostorder
    honor_labels: true
    kubernetes_sd_configs:
      - {role: pod, api_server: %q, namespaces: {names: [%s]}, authorization: {credentials: %q}, tls_config: {insecure_skip_verify: true}}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name, __meta_kubernetes_pod_label_app_kubernetes_io_instance], regex: "lostorder;%s", action: keep}
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: http, action: keep}
`, dir, alertmanager, kubeconfig.Clusters[0].Cluster.Server, namespace, kubeconfig.Users[0].User.Token, release)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		c.t.Fatal(err)
	}
	routes := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(routes, []byte("route: {receiver: nothing}\nreceivers: [{name: nothing}]\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	address := c.free("127.0.0.1")
	c.start("PROMETHEUS", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	c.start("ALERTMANAGER", "--config.file="+routes, "--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address="+alertmanager, "--cluster.listen-address=")
	client := http.Client{Timeout: 3 * time.Second}
	query := func(query string) (series []map[string]string) {
		response, err := client.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			return nil
		}
		defer func() { _ = response.Body.Close() }()
		var answer struct {
			Data struct {
				Result []struct{ Metric map[string]string }
			}
		}
		_ = json.NewDecoder(response.Body).Decode(&answer)
		for _, r := range answer.Data.Result {
			series = append(series, r.Metric)
		}
		return series
	}
	c.eventually("Prometheus scrapes all pods", func() (bool, string) {
		up := query(`up{job="lostorder"} == 1`)
		return len(up) == 3, fmt.Sprint(up)
	})
	for alert, label := range map[string][2]string{"LostorderOutboxStalled": {"outbox", "orders"}, "LostorderDLQFilling": {"messaging_destination_name", "payments.dlq"}} {
		c.eventually("Alertmanager has the alert "+alert+" once", func() (bool, string) {
			response, err := client.Get("http://" + alertmanager + "/api/v2/alerts?filter=alertname%3D" + alert)
			if err != nil {
				return false, err.Error()
			}
			defer func() { _ = response.Body.Close() }()
			var alerts []struct{ Labels map[string]string }
			if err := json.NewDecoder(response.Body).Decode(&alerts); err != nil {
				return false, err.Error()
			}
			return len(alerts) == 1 && alerts[0].Labels[label[0]] == label[1], fmt.Sprint(alerts)
		})
	}
}

// free returns an address of a host that nothing listens on.
func (c *cluster) free(host string) string {
	c.t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// start runs a program until the test ends.
func (c *cluster) start(variable string, args ...string) {
	c.t.Helper()
	cmd := exec.Command(need(c.t, variable), args...)
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if c.t.Failed() {
			c.t.Logf("%s: %s", variable, log.String())
		}
	})
}
