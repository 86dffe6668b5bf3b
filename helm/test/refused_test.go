package test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestRefusedValuesSayWhatIsWrong is the gallery of mistakes: each is found before anything is installed.
func TestRefusedValuesSayWhatIsWrong(t *testing.T) {
	const watched = "config: {kafka: [{name: main, brokers: ['kafka:9092']}]}\n"
	for name, test := range map[string]struct{ values, message string }{
		"nothing to watch":                     {"mode: deployment", "there is nothing to watch: set config, existingConfigMap or existingSecret"},
		"two configs":                          {watched + "existingSecret: shop", "set one of config, existingConfigMap and existingSecret, not several"},
		"a mode that does not exist":           {watched + "mode: statefulset", "at '/mode': value must be one of 'deployment', 'daemonset', 'sidecar'"},
		"a misspelled key":                     {watched + "replica: 2", "replica"},
		"no replica":                           {watched + "replicas: 0", "at '/replicas': minimum: got 0, want 1"},
		"a lease that is too short":            {watched + "shard: {leaseDuration: 1s}", "at '/shard/leaseDuration': '1s' does not match pattern"},
		"two pods with one volume":             {watched + "replicas: 2\npersistence: {enabled: true}", "persistence needs replicas: 1; pods do not share a volume"},
		"a digest that is none":                {watched + "image: {digest: latest}", "at '/image/digest': 'latest' does not match pattern '^(sha256:[0-9a-f]{64})?$'"},
		"a pull policy that does not exist":    {watched + "image: {pullPolicy: Sometimes}", "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'"},
		"a tag that is a number":               {watched + "image: {tag: 1.2}", "at '/image/tag': got number, want string"},
		"credentials without a secret":         {watched + "credentials: [{env: {A: b}}]", "existingSecret"},
		"credentials written out":              {watched + "credentials: [{existingSecret: a, password: secret}]", "password"},
		"a variable that no shell can name":    {watched + "credentials: [{existingSecret: a, env: {SHOP-PASSWORD: b}}]", "SHOP-PASSWORD"},
		"a log level that does not exist":      {watched + "log: {level: loud}", "at '/log/level': value must be one of 'debug', 'info', 'warn', 'error'"},
		"an address without a scheme":          {watched + "web: {externalUrl: lostorder.example.com}", "at '/web/externalUrl': 'lostorder.example.com' does not match pattern '^(https?://.+)?$'"},
		"a port that is too large":             {watched + "service: {port: 70000}", "at '/service/port': maximum: got 70,000, want 65,535"},
		"an interval without a unit":           {watched + "serviceMonitor: {interval: '15'}", "at '/serviceMonitor/interval': '15' does not match pattern '^([0-9]+(ms|[smhdwy]))+$'"},
		"an alert that does not exist":         {watched + "rules: {enabled: true, alerts: {LostorderEverything: {enabled: false}}}", "rules.alerts.LostorderEverything: there is no such alert; there are LostorderAbsent, "},
		"an alert of somebody else":            {watched + "rules: {alerts: {KubePodCrashLooping: {enabled: false}}}", "KubePodCrashLooping"},
		"a severity that no route knows":       {watched + "rules: {alerts: {LostorderAbsent: {severity: page}}}", "at '/rules/alerts/LostorderAbsent/severity': value must be one of 'critical', 'warning', 'info'"},
		"a label that is not text":             {watched + "rules: {alertLabels: {page: true}}", "at '/rules/alertLabels/page': got boolean, want string"},
		"a limit of the memory without a unit": {watched + "state: {sizeLimit: '10'}", "at '/state/sizeLimit': '10' does not match pattern '^[0-9]+(Mi|Gi|Ti)$'"},
		"a size without a unit":                {watched + "persistence: {size: '10'}", "at '/persistence/size': '10' does not match pattern '^[0-9]+(Mi|Gi|Ti)$'"},
		"pods without a DaemonSet":             {watched + "pods: {enabled: true, namespaces: [shop], snippets: {a: {}}}", "pods.enabled needs mode: daemonset"},
		"pods of no namespace":                 {"mode: daemonset\npods: {enabled: true, snippets: {a: {}}}", "pods.enabled needs pods.namespaces"},
		"pods without snippets":                {"mode: daemonset\npods: {enabled: true, namespaces: [shop]}", "pods.enabled needs pods.snippets"},
		"a snippet whose name is a path":       {"mode: daemonset\npods: {enabled: true, namespaces: [shop], snippets: {../a: {}}}", "../a"},
		"a shared target of one node":          {"mode: daemonset\nconfig: {kafka: [{name: '${NODE_NAME}', brokers: ['a:9092']}]}\npods: {enabled: true, namespaces: [shop], snippets: {a: {b: []}}}", "put what uses ${NODE_NAME} or ${NODE_IP} into a snippet"},
		"a network policy with a plain string": {watched + "networkPolicy: {ingressFrom: [monitoring]}", "at '/networkPolicy/ingressFrom/0': got string, want object"},
	} {
		t.Run(name, func(t *testing.T) {
			var v map[string]any
			if err := yaml.Unmarshal([]byte(test.values), &v); err != nil {
				t.Fatal(err)
			}
			_, err := render(load(t), v, "v1.34.0")
			if err == nil {
				t.Fatal("not refused")
			}
			if !strings.Contains(err.Error(), test.message) {
				t.Errorf("%q\nis not in\n%s", test.message, err)
			}
		})
	}
}
