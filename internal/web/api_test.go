package web_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/web/api"
)

func TestFindingInJSON(t *testing.T) {
	s := troubled()
	s.Open = s.Open[:1]
	res, body := do(t, handler(s), http.MethodGet, "/api/v1/findings")
	if got := res.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type is %q", got)
	}
	const want = `{
  "verdict": {
    "level": "lost",
    "label": "Orders are being lost",
    "text": "218 events are not published since 02:41 (38 min)",
    "sight": "1 of 5 targets cannot be read: rabbitmq/shop. 1 of 5 targets can be read in part only: kafka/main."
  },
  "findings": [
    {
      "id": "a1b2c3",
      "mode": "outbox_stalled",
      "severity": "critical",
      "summary": "The relay has not published the oldest row of outbox for 38 minutes while 218 events wait.",
      "subject": "outbox orders (database shop)",
      "labels": {
        "database": "shop",
        "outbox": "orders"
      },
      "target": "outbox/orders",
      "order_ids": [
        "100417",
        "100418",
        "100421",
        "100422",
        "100425"
      ],
      "count": 218,
      "since": "2026-03-14T02:41:00Z",
      "detected_at": "2026-03-14T02:43:00Z",
      "times_in_7_days": 1,
      "evidence": {
        "pending": 218,
        "oldest_pending_age_seconds": 2284,
        "objective_seconds": 60,
        "head_row": "id 8812, unchanged for 37m50s"
      },
      "runbook_url": "https://github.com/lostorder/lostorder/blob/main/alerts/runbooks/outbox_stalled.md",
      "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"
    }
  ],
  "total": 1
}
`
	if body != want {
		t.Errorf("answers %s", body)
	}
	var findings api.Findings
	if err := json.Unmarshal([]byte(body), &findings); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(findings.Findings[0].Evidence, s.Open[0].Evidence) {
		t.Errorf("evidence comes back as %v", findings.Findings[0].Evidence)
	}
}

func TestFindingsAreChosen(t *testing.T) {
	for query, want := range map[string]string{
		"":                                     "a1b2c3 d4e5f6 778899",
		"?state=open":                          "a1b2c3 d4e5f6 778899",
		"?state=closed":                        "000001",
		"?state=all":                           "a1b2c3 d4e5f6 778899 000001",
		"?mode=dlq_filling":                    "778899",
		"?mode=message_lost":                   "",
		"?mode=message_lost&state=all":         "000001",
		"?mode=consumer_absent&state=all":      "",
		"?closed=30d":                          "000001",
		"?closed=24h":                          "",
		"?closed=yes":                          "error: closed=yes: write how long ago findings closed at most, such as closed=7d, without state",
		"?closed=7d&state=open":                "error: closed=7d: write how long ago findings closed at most, such as closed=7d, without state",
		"?state=shut":                          "error: unknown state shut: use open, closed or all",
		"?mode=outbox_staled":                  "error: unknown mode outbox_staled: use one of consumer_absent, consumer_stalled, dlq_filling, message_lost, order_overdue, outbox_stalled",
		"?mode=consumer_stalled&state=open&x=": "d4e5f6",
	} {
		res, body := do(t, handler(troubled()), http.MethodGet, "/api/v1/findings"+query)
		var answer struct {
			api.Findings
			api.Problem
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range answer.Findings.Findings {
			got = append(got, f.ID)
		}
		if answer.Detail != "" {
			got = []string{"error: " + answer.Detail}
			if res.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: answers %s", query, res.Status)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	if _, body := do(t, handler(nil), http.MethodGet, "/api/v1/findings"); !strings.Contains(body, `"level": "blind"`) || !strings.HasSuffix(body, "},\n  \"findings\": [],\n  \"total\": 0\n}\n") {
		t.Errorf("none is %s", body)
	}
}

func TestOneFinding(t *testing.T) {
	for id, want := range map[string]struct {
		code int
		body string
	}{
		"a1b2c3": {http.StatusOK, `"100417"`},
		"000001": {http.StatusOK, `"closed_at": "2026-03-13T02:19:00Z"`},
		"123456": {http.StatusNotFound, `"detail": "no finding 123456 is open or was recently closed"`},
	} {
		res, body := do(t, handler(troubled()), http.MethodGet, "/api/v1/findings/"+id)
		if res.StatusCode != want.code || !strings.Contains(body, want.body) {
			t.Errorf("%s: answers %s %s", id, res.Status, body)
		}
		var f api.Finding
		if err := json.Unmarshal([]byte(body), &f); err != nil || want.code == http.StatusOK && f.ID != id {
			t.Errorf("%s: it is finding %s (%v)", id, f.ID, err)
		}
	}
	if res, _ := do(t, handler(troubled()), http.MethodDelete, "/api/v1/findings/a1b2c3"); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a finding can be deleted: %s", res.Status)
	}
}

func TestClosedFindingSaysWhen(t *testing.T) {
	_, body := do(t, handler(troubled()), http.MethodGet, "/api/v1/findings?state=closed")
	for _, want := range []string{`"closed_at": "2026-03-13T02:19:00Z"`, `"order_ids": []`, `"evidence": {}`, `"trace_id": ""`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
}

func TestTargets(t *testing.T) {
	s := troubled()
	s.Targets[4] = target("sqs", "eu")
	s.Targets[4].Attempt, s.Targets[4].Success, s.Targets[4].Reading = time.Time{}, time.Time{}, nil
	_, body := do(t, handler(s), http.MethodGet, "/api/v1/targets")
	var got api.Targets
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Ready || len(got.Targets) != 5 {
		t.Fatalf("answers %s", body)
	}
	kafka, rabbit, sqs := got.Targets[0], got.Targets[3], got.Targets[4]
	if kafka.Collector != "kafka" || kafka.Target != "main" || !kafka.Up || kafka.Stale || kafka.Error != "describe group billing: not coordinator" {
		t.Errorf("kafka is %+v", kafka)
	}
	if kafka.ReadingAgeSeconds == nil || *kafka.ReadingAgeSeconds != 4 || kafka.IntervalSeconds != 15 || kafka.DurationSeconds != 0.212 {
		t.Errorf("kafka is %+v", kafka)
	}
	if (kafka.Readings != api.Readings{Queues: 12, DeadLetterQueues: 1}) {
		t.Errorf("kafka holds %+v", kafka.Readings)
	}
	if rabbit.Up || !rabbit.Stale || rabbit.ReadingAgeSeconds != nil || !rabbit.LastSuccess.Equal(before(40*time.Minute)) || rabbit.Error == "" {
		t.Errorf("rabbitmq is %+v", rabbit)
	}
	if !sqs.LastAttempt.IsZero() || strings.Count(body, `"last_attempt"`) != 4 || strings.Count(body, `"warnings": []`) != 4 {
		t.Errorf("sqs is %+v in %s", sqs, body)
	}
	if got.Targets[2].Warnings[0] != s.Targets[2].Reading.Warnings[0] {
		t.Errorf("warnings are %q", got.Targets[2].Warnings)
	}
}
