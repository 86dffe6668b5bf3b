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
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// prometheus has a real Prometheus find the pods in Kubernetes as the chart's monitors select
// them, and waits for the alert about the stuck outbox.
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
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["%s/*-*.yml"]
scrape_configs:
  - job_name: lostorder
    honor_labels: true
    kubernetes_sd_configs:
      - {role: pod, api_server: %q, namespaces: {names: [%s]}, authorization: {credentials: %q}, tls_config: {insecure_skip_verify: true}}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name, __meta_kubernetes_pod_label_app_kubernetes_io_instance], regex: "lostorder;%s", action: keep}
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: http, action: keep}
`, dir, kubeconfig.Clusters[0].Cluster.Server, namespace, kubeconfig.Users[0].User.Token, release)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		c.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	cmd := exec.Command(need(c.t, "PROMETHEUS"), "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if c.t.Failed() {
			c.t.Logf("Prometheus: %s", log.String())
		}
	}()
	query := func(query string) (series []map[string]string) {
		client := http.Client{Timeout: 3 * time.Second}
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
	c.eventually("the alert about the outbox fires once", func() (bool, string) {
		alerts := query(`ALERTS{alertname="LostorderOutboxStalled", alertstate="firing"}`)
		return len(alerts) == 1 && slices.Contains([]string{"orders"}, alerts[0]["outbox"]), fmt.Sprint(alerts)
	})
}
