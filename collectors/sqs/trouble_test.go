package sqs_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/fakesqs"
	"github.com/lostorder/lostorder/internal/signal"
)

// refusal answers as AWS refuses a request. What AWS says of a signature quotes
// the request, with its tokens.
func refusal(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.sqs#%s","message":"The Canonical String should have been %s %s"}`,
			code, r.Header.Get("Authorization"), r.Header.Get("X-Amz-Security-Token"))
	}
}

func text(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

func TestTroubleIsSaidInClearWords(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"credentials that have expired": {
			refusal(400, "ExpiredTokenException"),
			"list queues: the credentials have expired (ExpiredTokenException); renew them, or use a role",
		},
		"an access key that nobody knows": {
			refusal(403, "InvalidClientTokenId"),
			"list queues: the credentials are unknown in region eu-central-1 (InvalidClientTokenId); check the access key and the region",
		},
		"a wrong secret key, or a region that is not the endpoint's": {
			refusal(403, "SignatureDoesNotMatch"),
			"list queues: the signature is refused (SignatureDoesNotMatch); check the secret key, the region and this machine's clock",
		},
		"a right that is missing": {
			refusal(400, "AccessDeniedException"),
			"list queues: not authorized; grant sqs:ListQueues",
		},
		"an error that is new": {
			refusal(400, "MoonInWrongPhase"),
			"list queues: AWS refused sqs:ListQueues with MoonInWrongPhase (status 400)",
		},
		"a web page instead of an answer": {
			text("text/html", "<!doctype html><title>Sign in</title>"),
			"list queues: the answer of http://127.0.0.1:PORT is not from AWS; check endpoint and region",
		},
		"a web page that says not found": {
			func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>404</html>", http.StatusNotFound) },
			"list queues: the answer of http://127.0.0.1:PORT is not from AWS; check endpoint and region",
		},
		"a proxy that is down": {
			func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) },
			"list queues: http://127.0.0.1:PORT failed with status 502",
		},
		"a redirect elsewhere": {
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
			"list queues: http://127.0.0.1:PORT answered with status 302 and not like AWS; check endpoint and region",
		},
		"an answer that ends in the middle of its JSON": {
			text("application/x-amz-json-1.0", `{"QueueUrls":["http://127`),
			"list queues: the answer of http://127.0.0.1:PORT ",
		},
		"a connection that is cut in the middle of an answer": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				_, _ = io.WriteString(w, `{"QueueUrls":[`)
			},
			"list queues: the answer of http://127.0.0.1:PORT is truncated",
		},
		"a list that holds something else": {
			text("application/x-amz-json-1.0", `{"QueueUrls":{"a":[1]}}`),
			"list queues: the answer of http://127.0.0.1:PORT is not from AWS; check endpoint and region",
		},
	} {
		t.Run(name, func(t *testing.T) {
			login(t)
			server := httptest.NewServer(test.answer)
			t.Cleanup(server.Close)
			r, err := read(t, watch(t, settings(t, server.URL, noMetrics...)))
			if err == nil || !r.Empty() {
				t.Fatalf("error %v with %d queues; want an error alone", err, len(r.Queues))
			}
			got := strings.ReplaceAll(err.Error(), server.URL, "http://127.0.0.1:PORT")
			if !strings.Contains(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			for _, secret := range []string{accessKey, secretKey, token} {
				if strings.Contains(got, secret) {
					t.Errorf("the error names a credential: %s", got)
				}
			}
		})
	}
}

func TestAHostThatIsNotThere(t *testing.T) {
	login(t)
	_, err := read(t, watch(t, settings(t, "http://127.0.0.1:1", noMetrics...)))
	if err == nil || !strings.Contains(err.Error(), "list queues: cannot connect: dial tcp 127.0.0.1:1: connect: connection refused") {
		t.Errorf("got %v", err)
	}
}

func TestNoCredentialsAtAll(t *testing.T) {
	s := open(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := read(t, watch(t, settings(t, s.URL(), noMetrics...)))
	if err == nil || !strings.Contains(err.Error(), "no credentials in the environment") {
		t.Errorf("got %v", err)
	}
}

func TestCredentialsComeFromTheProfile(t *testing.T) {
	s := open(t)
	s.queue("orders")
	who := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who <- r.Header.Get("Authorization")
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	writeFile(t, os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), "[partner]\naws_access_key_id = AKIDOFTHEPARTNER\naws_secret_access_key = "+secretKey+"\n")
	whole(t, watch(t, settings(t, server.URL, append(noMetrics, "profile: partner")...)))
	if got := <-who; !strings.Contains(got, "Credential=AKIDOFTHEPARTNER/") {
		t.Errorf("it signs with %s, in spite of the profile", got)
	}
	_, err := read(t, watch(t, settings(t, server.URL, append(noMetrics, "profile: nobody")...)))
	if want := "profile nobody is not in the AWS files; check it, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestCredentialsThatAreRenewedInTheFileAreUsed is about session credentials that some
// tool writes into the file every hour.
func TestCredentialsThatAreRenewedInTheFileAreUsed(t *testing.T) {
	s := open(t)
	s.queue("orders")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), "OFYESTERDAY") {
			refusal(400, "ExpiredToken")(w, r)
			return
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	keys := func(id string) {
		writeFile(t, os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), "[default]\naws_access_key_id = "+id+"\naws_secret_access_key = "+secretKey+"\n")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	keys("OFYESTERDAY")
	reader := watch(t, settings(t, server.URL, noMetrics...))
	for range 2 {
		if _, err := read(t, reader); err == nil || !strings.Contains(err.Error(), "the credentials have expired (ExpiredToken)") {
			t.Errorf("got %v", err)
		}
	}
	keys("OFTODAY")
	if r := whole(t, reader); len(r.Queues) != 1 {
		t.Errorf("%d queues", len(r.Queues))
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestARoleThatMayNotBeAssumed(t *testing.T) {
	login(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "Action=AssumeRole") || !strings.Contains(string(body), "ExternalId=shared") {
			t.Errorf("it asks %s before it has the role", body)
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")
	}))
	t.Cleanup(server.Close)
	_, err := read(t, watch(t, settings(t, server.URL, append(noMetrics, "role_arn: arn:aws:iam::1:role/lostorder", "external_id: shared")...)))
	if want := "list queues: assume role arn:aws:iam::1:role/lostorder: not authorized; grant sts:AssumeRole"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAWebIdentityIsExchangedForCredentials(t *testing.T) {
	s := open(t)
	s.queue("orders")
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "Action=AssumeRoleWithWebIdentity") || !strings.Contains(string(body), "WebIdentityToken=of-the-pod") {
			t.Errorf("it asks %s", body)
		}
		_, _ = fmt.Fprintf(w, "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>%s</AccessKeyId>"+
			"<SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>"+
			"</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>", accessKey, secretKey, token)
	}))
	t.Cleanup(sts.Close)
	file := t.TempDir() + "/token"
	if err := os.WriteFile(file, []byte("of-the-pod"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_ENDPOINT_URL_STS": sts.URL,
		"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:aws:iam::1:role/pod", "AWS_ROLE_SESSION_NAME": "test",
	} {
		t.Setenv(name, value)
	}
	if r := whole(t, watch(t, settings(t, s.URL(), noMetrics...))); len(r.Queues) != 1 {
		t.Errorf("%d queues", len(r.Queues))
	}
}

func TestAServerThatDripsIsATimeout(t *testing.T) {
	login(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		drip := time.NewTicker(20 * time.Millisecond)
		defer drip.Stop()
		_, _ = io.WriteString(w, `{"QueueUrls":["`)
		for {
			select {
			case <-r.Context().Done():
				return
			case <-drip.C:
				_, _ = io.WriteString(w, "x")
				_ = http.NewResponseController(w).Flush()
			}
		}
	}))
	t.Cleanup(server.Close)
	began := time.Now()
	_, err := read(t, watch(t, settings(t, server.URL, append(noMetrics, "timeout: 600ms")...)))
	if want := "list queues: timeout: no answer within 200ms"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAnAnswerOfAGigabyteIsRefusedEarly(t *testing.T) {
	login(t)
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte{'q'}, 1<<16)
		_, _ = io.WriteString(w, `{"QueueUrls":["`)
		for sent.Load() < 1<<30 {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := read(t, watch(t, settings(t, server.URL, append(noMetrics, "timeout: 2m")...)))
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "larger than 4 MiB") {
		t.Errorf("got %v", err)
	}
	if sent.Load() > 256<<20 {
		t.Errorf("%d MiB were read", sent.Load()>>20)
	}
	if grown := int64(after.Sys) - int64(before.Sys); grown > 512<<20 {
		t.Errorf("it took %d MiB of memory", grown>>20)
	}
}

func TestOneQueueThatMayNotBeReadHidesNoOther(t *testing.T) {
	s := open(t)
	s.queue("orders")
	s.queue("payments")
	s.Fail(func(_, queue string) error {
		if queue == "payments" {
			return &fakesqs.Error{Code: "AccessDeniedException", Message: "no"}
		}
		return nil
	})
	r, err := read(t, watch(t, settings(t, s.URL(), noMetrics...)))
	if err == nil || err.Error() != "payments: not authorized; grant sqs:GetQueueAttributes" {
		t.Errorf("got %v", err)
	}
	if len(r.Queues) != 1 || r.Queues[0].Destination != "orders" {
		t.Errorf("got %+v", r.Queues)
	}
}

func TestANameThatIsNotThereIsMissing(t *testing.T) {
	s := open(t)
	s.queue("orders")
	r, err := read(t, watch(t, settings(t, s.URL(), append(noMetrics, "queues: {include: [orders, refunds]}")...)))
	if err == nil || err.Error() != "refunds: does not exist in region eu-central-1" {
		t.Errorf("got %v", err)
	}
	if len(r.Queues) != 1 {
		t.Errorf("got %+v", r.Queues)
	}
}

func TestAPolicyThatIsNotJSONIsAWarning(t *testing.T) {
	login(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		switch strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.") {
		case "ListQueues":
			_, _ = fmt.Fprintf(w, `{"QueueUrls":["http://%s/1/orders","http://%s/1/payments"]}`, r.Host, r.Host)
		case "GetQueueAttributes":
			body, _ := io.ReadAll(r.Body)
			ready := "1"
			if strings.Contains(string(body), "payments") {
				ready = "many"
			}
			_, _ = fmt.Fprintf(w, `{"Attributes":{"ApproximateNumberOfMessages":%q,"ApproximateNumberOfMessagesNotVisible":"0","ApproximateNumberOfMessagesDelayed":"0","RedrivePolicy":"dead"}}`, ready)
		default:
			_, _ = io.WriteString(w, `{}`)
		}
	}))
	t.Cleanup(server.Close)
	r, err := read(t, watch(t, settings(t, server.URL, noMetrics...)))
	if err == nil || !strings.Contains(err.Error(), "payments: ") || !strings.Contains(err.Error(), "the answer does not contain the number") {
		t.Errorf("got %v", err)
	}
	if len(r.Warnings) != 1 || r.Warnings[0] != "the RedrivePolicy of queue orders is not JSON" {
		t.Errorf("warnings %q", r.Warnings)
	}
	if q := queueIn(t, r, "orders"); q.Setup.DeadLettering.Route != signal.RouteUnknown {
		t.Errorf("route %+v is invented", q.Setup.DeadLettering)
	}
}

func TestAConnectionThatIsCutIsNoTrouble(t *testing.T) {
	login(t)
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler) // the server hangs up
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(server.Close)
	if _, err := read(t, watch(t, settings(t, server.URL, noMetrics...))); err != nil {
		t.Errorf("got %v", err)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times, want twice", n)
	}
}
