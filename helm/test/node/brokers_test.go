//go:build kubernetes

package node

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
)

// reachable returns an address at which pods reach a server of this machine.
func (c *cluster) reachable(server string) string {
	c.t.Helper()
	address := c.free(need(c.t, "KUBERNETES_HOST_IP"))
	c.start("KUBERNETES_FORWARD", address+"="+server)
	return address
}

// kafka puts messages into a dead letter topic of the Kafka of this machine.
func (c *cluster) kafka() {
	c.t.Helper()
	for _, topic := range []string{"payments", "payments.dlq"} {
		produce := exec.CommandContext(c.t.Context(), "java", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(need(c.t, "KAFKA_JARS"), "*"),
			"org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", need(c.t, "KAFKA_ADDR"), "--topic", topic)
		produce.Stdin = strings.NewReader("P-1\nP-2\nP-3\n")
		if out, err := produce.CombinedOutput(); err != nil {
			c.t.Fatalf("produce to %s: %v\n%s", topic, err, out)
		}
	}
}

// kafkaBeside are values with a proxy to the Kafka of this machine. Its broker calls itself
// 127.0.0.1, and so lostorder finds it in its own pod.
func (c *cluster) kafkaBeside() string {
	c.t.Helper()
	address := need(c.t, "KAFKA_ADDR")
	return fmt.Sprintf(`
initContainers:
  - name: kafka
    image: lostorder.test/pause:1
    imagePullPolicy: Never
    restartPolicy: Always
    args: [%q]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`, address+"="+c.reachable(address))
}

// rabbitMQ puts a message into a dead letter queue of the RabbitMQ of this machine, and
// returns the address of its management plugin for pods.
func (c *cluster) rabbitMQ() (address, user, password string) {
	c.t.Helper()
	u, err := url.Parse(need(c.t, "RABBITMQ_URL"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, call := range []struct{ method, path, body string }{
		{http.MethodPut, "/api/queues/%2F/mails.dlq", `{"durable": true}`},
		{http.MethodPut, "/api/queues/%2F/mails", `{"durable": true, "arguments": {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "mails.dlq"}}`},
		{http.MethodPost, "/api/exchanges/%2F/amq.default/publish", `{"routing_key": "mails.dlq", "payload": "M-1", "payload_encoding": "string", "properties": {}}`},
	} {
		request, err := http.NewRequestWithContext(c.t.Context(), call.method, u.String()+call.path, bytes.NewBufferString(call.body))
		if err != nil {
			c.t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			c.t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode >= http.StatusBadRequest {
			c.t.Fatalf("%s %s: %s", call.method, call.path, response.Status)
		}
	}
	password, _ = u.User.Password()
	return c.reachable(u.Host), u.User.Username(), password
}
