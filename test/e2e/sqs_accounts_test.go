//go:build integration

package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/lostorder/lostorder/internal/signal"
)

// cloud is SQS in one region and account.
type cloud struct {
	t      *testing.T
	client *awssqs.Client
	prefix string
}

// role returns the credentials of an account.
func role(t *testing.T, endpoint, account string) *types.Credentials {
	t.Helper()
	service := sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("AKIDHOME", "secret", "")})
	answer, err := service.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + account + ":role/shop"), RoleSessionName: aws.String("shop"),
	})
	if err != nil {
		t.Fatalf("assume role: %v", err)
	}
	return answer.Credentials
}

func openCloud(t *testing.T, endpoint, region, prefix string, as *types.Credentials) *cloud {
	keys := credentials.NewStaticCredentialsProvider("AKIDHOME", "secret", "")
	if as != nil {
		keys = credentials.NewStaticCredentialsProvider(*as.AccessKeyId, *as.SecretAccessKey, *as.SessionToken)
	}
	return &cloud{t, awssqs.New(awssqs.Options{Region: region, BaseEndpoint: &endpoint, Credentials: keys}), prefix}
}

// queue creates a queue and fills it. The second name, if any, is its dead letter queue.
func (c *cloud) queue(name string, messages int, dead ...string) {
	c.t.Helper()
	attributes := map[string]string{"MessageRetentionPeriod": "3600"}
	if strings.HasSuffix(name, "-dlq") {
		attributes["MessageRetentionPeriod"] = "1209600"
	}
	if len(dead) > 0 {
		described, err := c.client.GetQueueAttributes(c.t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: c.url(dead[0]), AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
		if err != nil {
			c.t.Fatal(err)
		}
		attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":3}`, described.Attributes["QueueArn"])
	}
	made, err := c.client.CreateQueue(c.t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String(c.prefix + name), Attributes: attributes})
	if err != nil {
		c.t.Fatalf("create queue %s: %v", name, err)
	}
	c.t.Cleanup(func() {
		_, _ = c.client.DeleteQueue(context.WithoutCancel(c.t.Context()), &awssqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
	})
	// The SDK may retry a slow request, so that its message exists twice.
	for c.fill(made.QueueUrl, messages); c.holds(made.QueueUrl) > messages; c.fill(made.QueueUrl, messages) {
		if _, err := c.client.PurgeQueue(c.t.Context(), &awssqs.PurgeQueueInput{QueueUrl: made.QueueUrl}); err != nil {
			c.t.Fatalf("purge: %v", err)
		}
	}
}

// url returns the address of a queue.
func (c *cloud) url(name string) *string {
	c.t.Helper()
	answer, err := c.client.GetQueueUrl(c.t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String(c.prefix + name)})
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.QueueUrl
}

func (c *cloud) fill(url *string, messages int) {
	c.t.Helper()
	for i := range messages {
		if _, err := c.client.SendMessage(c.t.Context(), &awssqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String(fmt.Sprint(i))}); err != nil {
			c.t.Fatalf("send: %v", err)
		}
	}
}

func (c *cloud) holds(url *string) int {
	c.t.Helper()
	answer, err := c.client.GetQueueAttributes(c.t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages"}})
	if err != nil {
		c.t.Fatal(err)
	}
	n, err := strconv.Atoi(answer.Attributes["ApproximateNumberOfMessages"])
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

func put(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRealSQSRegionsAndAccountsStaySeparate watches queues of the same names in two
// regions and four accounts, reached by keys, by a role, by a web identity and by keys that
// expire. moto grants every role and separates accounts by the keys that it issued. It never
// refuses a key, so a proxy between moto and lostorder plays the expiry.
func TestRealSQSRegionsAndAccountsStaySeparate(t *testing.T) {
	endpoint := server(t, "SQS_ENDPOINT")
	prefix := unique(t) + "-"
	session := role(t, endpoint, "444444444444")
	home := openCloud(t, endpoint, "eu-central-1", prefix, nil)
	home.queue("orders-dlq", 2)
	home.queue("orders", 5, "orders-dlq")
	abroad := openCloud(t, endpoint, "eu-west-1", prefix, nil)
	abroad.queue("orders-dlq", 3) // no queue of this region fails into it
	abroad.queue("orders", 1)
	partner := openCloud(t, endpoint, "eu-central-1", prefix, role(t, endpoint, "222222222222"))
	partner.queue("orders-dlq", 0)
	partner.queue("orders", 7, "orders-dlq")
	pod := openCloud(t, endpoint, "eu-central-1", prefix, role(t, endpoint, "333333333333"))
	pod.queue("orders", 4)
	lapsed := openCloud(t, endpoint, "eu-central-1", prefix, session)
	lapsed.queue("orders", 6)

	gate := newGate(t, endpoint)
	keys := put(t, "credentials", fmt.Sprintf("[home]\naws_access_key_id = AKIDHOME\naws_secret_access_key = secret\n"+
		"[lapsed]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n", *session.AccessKeyId, *session.SecretAccessKey, *session.SessionToken))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", keys)
	t.Setenv("AWS_CONFIG_FILE", put(t, "config", fmt.Sprintf("[profile pod]\nweb_identity_token_file = %s\nrole_arn = arn:aws:iam::333333333333:role/lostorder\n", put(t, "token", "of-the-pod"))))
	t.Setenv("AWS_ENDPOINT_URL_STS", endpoint)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")

	config := settings{}
	for _, entry := range []struct{ name, region, at, how string }{
		{"home", "eu-central-1", endpoint, "profile: home"},
		{"abroad", "eu-west-1", endpoint, "profile: home"},
		{"partner", "eu-central-1", endpoint, "profile: home\n    role_arn: arn:aws:iam::222222222222:role/lostorder"},
		{"pod", "eu-central-1", endpoint, "profile: pod"},
		{"lapsed", "eu-central-1", gate.url, "profile: lapsed"},
	} {
		config.add("sqs", "name: "+entry.name, "region: "+entry.region, "endpoint: "+entry.at, entry.how,
			"queues: {prefix: "+prefix+"}", "cloudwatch: {enabled: false}", "config_interval: 100ms", "max_requests_per_second: 1000",
			fmt.Sprintf("objectives: [{queues: .*-orders, max_age: %s, dlq: needed}]", maxAge), schedule())
	}
	p := start(t, config)
	shows := func(cluster string, want float64) {
		t.Helper()
		eventually(t, cluster+" shows its own queue", func() (bool, string) {
			got, ok := p.value("lostorder_queue_messages", "cluster="+cluster, "messaging_destination_name="+prefix+"orders", "messaging_message_state=ready")
			return ok && got == want, fmt.Sprint(got, ok, inJSON(p.targets()))
		})
	}
	about := func(cluster, queue string) signal.Subject {
		return signal.Subject{System: signal.SQS, Cluster: cluster, Destination: prefix + queue}
	}
	for cluster, want := range map[string]float64{"home": 5, "abroad": 1, "partner": 7, "pod": 4, "lapsed": 6} {
		shows(cluster, want)
	}
	p.find(signal.DLQFilling, about("home", "orders-dlq"))
	for _, cluster := range []string{"abroad", "pod", "lapsed"} {
		p.find(signal.DLQMissing, about(cluster, "orders"))
	}
	for cluster, want := range map[string]float64{"home": 2, "partner": 0} {
		if got, ok := p.value("lostorder_dlq_messages", "cluster="+cluster, "messaging_destination_name="+prefix+"orders-dlq"); !ok || got != want {
			t.Errorf("the dead letter queue of %s holds %v (%v), want %v", cluster, got, ok, want)
		}
	}
	if got, ok := p.value("lostorder_dlq_messages", "cluster=abroad"); ok {
		t.Errorf("a queue that is not a redrive target in its region is a dead letter queue with %v messages", got)
	}

	gate.expire(*session.AccessKeyId)
	eventually(t, "the entry whose keys have expired is red", func() (bool, string) {
		now := p.target("sqs/lapsed")
		return strings.Contains(now.Error, "the credentials have expired (ExpiredTokenException)"), inJSON(now)
	})
	home.queue("payments", 9, "orders-dlq")
	eventually(t, "the others stay fresh", func() (bool, string) {
		got, ok := p.value("lostorder_queue_messages", "cluster=home", "messaging_destination_name="+prefix+"payments", "messaging_message_state=ready")
		return ok && got == 9, fmt.Sprint(got, ok)
	})
	for _, name := range []string{"home", "abroad", "partner", "pod"} {
		if now := p.target("sqs/" + name); now.Error != "" {
			t.Errorf("%s says %s", name, now.Error)
		}
	}
	for _, secret := range []string{*session.SecretAccessKey, *session.SessionToken, "of-the-pod"} {
		if strings.Contains(p.log.text(), secret) || strings.Contains(inJSON(p.targets()), secret) {
			t.Error("a credential is shown")
		}
	}

	renewed := role(t, endpoint, "444444444444")
	text := fmt.Sprintf("[home]\naws_access_key_id = AKIDHOME\naws_secret_access_key = secret\n[lapsed]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n",
		*renewed.AccessKeyId, *renewed.SecretAccessKey, *renewed.SessionToken)
	if err := os.WriteFile(keys, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "new keys in the file are used", func() (bool, string) {
		now := p.target("sqs/lapsed")
		return now.Error == "", inJSON(now)
	})
	shows("lapsed", 6)
}

// gate is a proxy that refuses requests with expired keys.
type gate struct {
	url     string
	expired atomic.Value // the access key
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	g := &gate{}
	g.expired.Store("none")
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+g.expired.Load().(string)+"/") {
			through.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"The security token %s is expired"}`, r.Header.Get("X-Amz-Security-Token"))
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

func (g *gate) expire(accessKey string) { g.expired.Store(accessKey) }
