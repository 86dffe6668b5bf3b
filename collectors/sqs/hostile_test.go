package sqs_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/signal"
)

// answers is a server that answers each operation in its own way.
type answers struct {
	mu   sync.Mutex
	byOp map[string]func(in map[string]any) any
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	in := map[string]any{}
	if operation == "" { // CloudWatch in its older protocol
		operation = r.FormValue("Action")
		for name := range r.Form {
			in[name] = r.FormValue(name)
		}
	} else {
		_ = json.NewDecoder(r.Body).Decode(&in)
	}
	a.mu.Lock()
	answer := a.byOp[operation]
	a.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	out := answer(in)
	if text, ok := out.(string); ok {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, text)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(out)
}

func (a *answers) set(operation string, answer func(in map[string]any) any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.byOp[operation] = answer
}

// serve starts a server with some queues of one message each.
func serve(t *testing.T, names ...string) (*answers, string) {
	t.Helper()
	login(t)
	a := &answers{byOp: map[string]func(map[string]any) any{}}
	a.list(names)
	a.set("GetQueueAttributes", func(in map[string]any) any { return map[string]any{"Attributes": attributes(in)} })
	a.set("ListDeadLetterSourceQueues", func(map[string]any) any { return map[string]any{"queueUrls": []string{}} })
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return a, server.URL
}

func (a *answers) list(names []string) {
	var urls []string
	for _, name := range names {
		urls = append(urls, "http://sqs.test/000000000000/"+name)
	}
	a.set("ListQueues", func(map[string]any) any { return map[string]any{"QueueUrls": urls} })
}

// attributes are those of a queue that holds one message.
func attributes(in map[string]any) map[string]string {
	url := fmt.Sprint(in["QueueUrl"])
	return map[string]string{
		"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
		"QueueArn": arn(url[strings.LastIndexByte(url, '/')+1:]), "MessageRetentionPeriod": "345600",
	}
}

func TestGzipBombIsNotUnpackedWhole(t *testing.T) {
	login(t)
	var part bytes.Buffer
	z := gzip.NewWriter(&part)
	_, _ = io.WriteString(z, strings.Repeat("q", 16<<20))
	_ = z.Close()
	var head bytes.Buffer
	z = gzip.NewWriter(&head)
	_, _ = io.WriteString(z, `{"QueueUrls":["`)
	_ = z.Close()
	packed := append(head.Bytes(), bytes.Repeat(part.Bytes(), 64)...) // a gigabyte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed)
	}))
	t.Cleanup(server.Close)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := read(t, watch(t, settings(t, server.URL, noMetrics...)))
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "list queues: ") {
		t.Errorf("got %v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
		t.Errorf("%d MiB were allocated", used>>20)
	}
}

func TestListThatNeverEndsIsGivenUp(t *testing.T) {
	for name, test := range map[string]struct {
		token  func(page int) string
		queues int // on each page
	}{
		"with the same token again": {func(int) string { return "again" }, 10},
		"with a new token each":     {func(page int) string { return fmt.Sprint(page) }, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			a, url := serve(t)
			pages := 0
			a.set("ListQueues", func(map[string]any) any {
				pages++
				var urls []string
				for i := range test.queues {
					urls = append(urls, fmt.Sprintf("http://sqs.test/000000000000/q-%d-%d", pages, i))
				}
				return map[string]any{"QueueUrls": urls, "NextToken": test.token(pages)}
			})
			r, err := read(t, watch(t, settings(t, url, noMetrics...)))
			switch {
			case pages > 201:
				t.Errorf("asked for %d pages", pages)
			case pages == 2 && err == nil: // the same token is the end of the list
			case err == nil || !strings.Contains(err.Error(), "more than 200000"):
				t.Errorf("got %v and %d queues", err, len(r.Queues))
			}
		})
	}
}

func TestListOfSourcesThatNeverEndsIsGivenUp(t *testing.T) {
	a, url := serve(t, "failed")
	pages := 0
	a.set("ListDeadLetterSourceQueues", func(map[string]any) any {
		pages++
		var urls []string
		for i := range 1000 {
			urls = append(urls, fmt.Sprintf("http://sqs.test/000000000000/s-%d-%d", pages, i))
		}
		return map[string]any{"queueUrls": urls, "NextToken": fmt.Sprint(pages)}
	})
	r := whole(t, watch(t, settings(t, url, noMetrics...)))
	if n := len(deadIn(t, r, "failed").Sources); pages > 10 || n > 10_000 {
		t.Errorf("kept %d sources of %d pages", n, pages)
	}
}

func TestAttributesThatCannotBeAreRefusedOrBounded(t *testing.T) {
	nested := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for name, test := range map[string]struct {
		key, value string
		err        string // empty: the queue is read
	}{
		"a count that is negative":             {"ApproximateNumberOfMessages", "-1", "ApproximateNumberOfMessages: the answer does not contain the number"},
		"a count that is no number":            {"ApproximateNumberOfMessages", "NaN", "ApproximateNumberOfMessages: the answer does not contain the number"},
		"a count that would overflow a sum":    {"ApproximateNumberOfMessages", "9223372036854775807", "ApproximateNumberOfMessages: the answer does not contain the number"},
		"a count of a thousand digits":         {"ApproximateNumberOfMessages", strings.Repeat("9", 1000), "ApproximateNumberOfMessages: the answer does not contain the number"},
		"a retention that would overflow":      {"MessageRetentionPeriod", "9223372036854775807", ""},
		"a retention that is negative":         {"MessageRetentionPeriod", "-5", ""},
		"a redrive policy that is an array":    {"RedrivePolicy", "[1,2]", ""},
		"a redrive policy that is nested deep": {"RedrivePolicy", `{"maxReceiveCount":` + nested + `}`, ""},
		"a redrive policy with a huge count":   {"RedrivePolicy", `{"deadLetterTargetArn":"` + arn("failed") + `","maxReceiveCount":1e300}`, ""},
		"a target that is no ARN":              {"RedrivePolicy", `{"deadLetterTargetArn":"\u0000/:\n","maxReceiveCount":3}`, ""},
		"an allow policy that is nested deep":  {"RedriveAllowPolicy", nested, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, url := serve(t, "orders", "billing")
			a.set("GetQueueAttributes", func(in map[string]any) any {
				all := attributes(in)
				if strings.HasSuffix(all["QueueArn"], ":orders") {
					all[test.key] = test.value
				}
				return map[string]any{"Attributes": all}
			})
			r, err := read(t, watch(t, settings(t, url, noMetrics...)))
			if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got %v, want %s", err, test.err)
			}
			for i := range r.Queues {
				if q := &r.Queues[i]; q.Ready != 1 || q.Setup.Retention < 0 || q.Setup.Retention > 20*365*24*time.Hour {
					t.Errorf("got %+v %+v", q, q.Setup)
				}
			}
			queueIn(t, r, "billing")
		})
	}
}

func TestNameThatCannotBeAQueueIsNamedAndHidesNoOther(t *testing.T) {
	names := []string{"orders"}
	for i := range 10_000 {
		names = append(names, []string{"", " ", "a\nb", "\x1b[31m", "\u202egpj", `"`, "%2F", strings.Repeat("x", 300)}[i%8])
	}
	_, url := serve(t, names...)
	r, err := read(t, watch(t, settings(t, url, noMetrics...)))
	if err == nil || !strings.Contains(err.Error(), "is not the name of a queue") || len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\n\x1b\u202e") {
		t.Errorf("got %q", err)
	}
	queueIn(t, r, "orders")
	if len(r.Queues) != 1 {
		t.Errorf("got %d queues", len(r.Queues))
	}
}

// TestQueuesThatComeAndGoLeaveNothingBehind: ten thousand queues come and go, half of them
// dead letter queues of the others.
func TestQueuesThatComeAndGoLeaveNothingBehind(t *testing.T) {
	a := &answers{byOp: map[string]func(map[string]any) any{}}
	a.set("ListDeadLetterSourceQueues", func(map[string]any) any { return map[string]any{"queueUrls": []string{}} })
	a.set("GetQueueAttributes", func(in map[string]any) any {
		all := attributes(in)
		if !strings.HasSuffix(all["QueueArn"], "-dead") {
			all["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":"%s-dead","maxReceiveCount":3}`, all["QueueArn"])
		}
		return map[string]any{"Attributes": all}
	})
	login(t)
	inVirtualTimeOn(t, a, func(t *testing.T, v *virtual) {
		reader := v.watch(noMetrics...)
		const perReading, readings = 250, 20 // and as many dead letter queues
		list := func(i int) {
			var names []string
			for j := range perReading {
				names = append(names, fmt.Sprintf("reply-%d", i*perReading+j))
			}
			a.list(names)
		}
		list(0)
		v.minutes(reader, readings, func(i int, r signal.Report, _ time.Duration, err error) {
			if err != nil || len(r.Queues) != perReading {
				t.Fatalf("got %v and %d queues", err, len(r.Queues))
			}
			if n, bound := sqs.Remembered(reader), 4*perReading; n > bound {
				t.Errorf("kept %d entries after %d readings, want at most %d", n, i+1, bound)
			}
			list(i + 1)
		})
	})
}

// TestMetricsThatCannotBeAreIgnored: an emulator answers with values that no metric has, and
// with periods that were not requested.
func TestMetricsThatCannotBeAreIgnored(t *testing.T) {
	a, url := serve(t, "orders")
	asked := 0
	a.set("GetMetricData", func(map[string]any) any {
		asked++
		var stamps, values strings.Builder
		for i := range 4_000 {
			fmt.Fprintf(&stamps, "<member>%s</member>", time.Now().Add(time.Duration(i-2_000)*time.Minute).UTC().Format(time.RFC3339))
			fmt.Fprintf(&values, "<member>%s</member>", []string{"-5", "1e300", "NaN", "Infinity", "3"}[i%5])
		}
		var results strings.Builder
		for i := range 5 {
			fmt.Fprintf(&results, "<member><Id>q%d</Id><Timestamps>%s</Timestamps><Values>%s</Values></member>", i, stamps.String(), values.String())
		}
		return `<GetMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><GetMetricDataResult><MetricDataResults>` +
			results.String() + `</MetricDataResults></GetMetricDataResult></GetMetricDataResponse>`
	})
	reader := watch(t, settings(t, url, fast, "config_interval: 100ms", "interval: 1m", "cloudwatch: {interval: 1m, delay: 1m}"))
	r := whole(t, reader)
	q := queueIn(t, r, "orders")
	// Of the last quarter of an hour every fifth value can be.
	if asked != 1 || !q.Published.Known() || q.Published > 3*5 || q.Oldest.At(signal.InstantOf(time.Now())) > time.Hour {
		t.Errorf("asked %d times, got %+v", asked, q)
	}
	if n := sqs.Remembered(reader); n > 5*20+10 {
		t.Errorf("kept %d entries", n)
	}
}
