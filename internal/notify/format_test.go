package notify_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/signal"
)

var formats = []string{"alertmanager", "alertmanager-api", "slack", "teams", "pagerduty", "cloudevents"}

// sends returns the body and the request that a webhook gets about one finding.
func sends(t *testing.T, w notify.Webhook, change func(*shop, *notify.Settings)) (received, string) {
	t.Helper()
	s, r := newShop(t), newReceiver(t, nil)
	w.URL = config.Secret(r.URL + "/services/T0PS3CRET")
	settings := notify.Settings{Webhooks: []notify.Webhook{w}, Interval: time.Hour, NameOrders: true}
	if change != nil {
		change(s, &settings)
	} else {
		s.opens(stalled("orders", 12))
	}
	s.notifier.Apply(t.Context(), settings)
	t.Cleanup(s.notifier.Stop)
	s.eventually("it is sent", func() bool { return len(r.taken()) > 0 })
	return r.taken()[0], s.log.String()
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{
		"alertmanager-api": `[{"labels":{"alertname":"LostorderConsumerStalled","cluster":"main","finding":"id-orders","messaging_consumer_group_name":"billing","messaging_destination_name":"orders","messaging_system":"kafka","mode":"consumer_stalled","severity":"critical"},"annotations":{"affected":"12","description":"DESCRIPTION","finding_url":"https://lostorder.example/findings/id-orders","orders":"A-1017, A-1018","runbook_url":"https://runbooks.example/consumer_stalled.md","since":"2026-03-14 02:54 UTC","summary":"Partition 3 of orders has not moved for 6 minutes."},"startsAt":"2026-03-14T02:54:00Z","endsAt":"2026-03-14T04:00:00Z","generatorURL":"https://lostorder.example/findings/id-orders"}]`,
		"slack":            `{"text":"Partition 3 of orders has not moved for 6 minutes.","attachments":[{"color":"#d55e00","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"*Partition 3 of orders has not moved for 6 minutes.*"}},{"type":"context","elements":[{"type":"mrkdwn","text":"critical · consumer_stalled · orders → billing (kafka main) · since 2026-03-14 02:54 UTC · 12 affected · orders A-1017, A-1018 · <https://lostorder.example/findings/id-orders|Evidence> · <https://runbooks.example/consumer_stalled.md|Runbook>"}]}]}]}`,
		"teams":            `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4","body":[{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"Partition 3 of orders has not moved for 6 minutes.","weight":"Bolder","color":"Attention"}],"spacing":"Medium"},{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"critical · consumer_stalled · orders → billing (kafka main) · since 2026-03-14 02:54 UTC · 12 affected · orders A-1017, A-1018","isSubtle":true}],"spacing":"None"}],"actions":[{"type":"Action.OpenUrl","title":"Evidence","url":"https://lostorder.example/findings/id-orders"},{"type":"Action.OpenUrl","title":"Runbook","url":"https://runbooks.example/consumer_stalled.md"}],"msteams":{"width":"Full"}}}]}`,
		"pagerduty":        `{"routing_key":"R0UT1NGK3Y","event_action":"trigger","dedup_key":"lostorder/id-orders","client":"lostorder","client_url":"https://lostorder.example/findings/id-orders","payload":{"summary":"Partition 3 of orders has not moved for 6 minutes.","source":"kafka/main","severity":"critical","timestamp":"2026-03-14T02:54:00Z","component":"orders → billing (kafka main)","class":"LostorderConsumerStalled","custom_details":{"affected":"12","description":"DESCRIPTION","finding_url":"https://lostorder.example/findings/id-orders","orders":"A-1017, A-1018","runbook_url":"https://runbooks.example/consumer_stalled.md","since":"2026-03-14 02:54 UTC","summary":"Partition 3 of orders has not moved for 6 minutes."}},"links":[{"href":"https://runbooks.example/consumer_stalled.md","text":"Runbook"},{"href":"https://lostorder.example/findings/id-orders","text":"Evidence"}]}`,
		"cloudevents":      `{"specversion":"1.0","id":"ID","source":"https://lostorder.example","type":"io.github.lostorder.finding.opened","subject":"id-orders","time":"2026-03-14T03:00:00Z","datacontenttype":"application/json","data":{"finding":"id-orders","mode":"consumer_stalled","severity":"critical","summary":"Partition 3 of orders has not moved for 6 minutes.","labels":{"alertname":"LostorderConsumerStalled","cluster":"main","finding":"id-orders","messaging_consumer_group_name":"billing","messaging_destination_name":"orders","messaging_system":"kafka","mode":"consumer_stalled","severity":"critical"},"target":"kafka/main","count":12,"order_ids":["A-1017","A-1018"],"since":"2026-03-14T02:54:00Z","detected_at":"2026-03-14T02:59:00Z","url":"https://lostorder.example/findings/id-orders","runbook_url":"https://runbooks.example/consumer_stalled.md"}}`,
	} {
		t.Run(format, func(t *testing.T) {
			w := webhook(format, "")
			if format == "pagerduty" {
				w.Secret = "R0UT1NGK3Y"
			}
			got, _ := sends(t, w, nil)
			for _, d := range detect.Decisions() {
				if d.Mode == signal.ConsumerStalled {
					want = strings.ReplaceAll(want, "DESCRIPTION", d.Description)
				}
			}
			// Go escapes <, > and & in JSON.
			body := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", got.header.Get("Webhook-Id"), "ID").Replace(got.body)
			if body != want {
				t.Errorf("sends\n%s, want\n%s", body, want)
			}
			wantPath, wantType := "/services/T0PS3CRET", "application/json"
			switch format {
			case "alertmanager-api":
				wantPath += "/api/v2/alerts"
			case "cloudevents":
				wantType = "application/cloudevents+json"
			}
			if got.path != wantPath || got.header.Get("Content-Type") != wantType {
				t.Errorf("it is sent to %s as %s", got.path, got.header.Get("Content-Type"))
			}
		})
	}
}

func TestOrderIDsAreSentOnlyWhereAlertsMayNameThem(t *testing.T) {
	for _, format := range formats {
		w := webhook(format, "")
		w.Secret = config.Secret(strings.Repeat("k", 32))
		got, _ := sends(t, w, func(s *shop, settings *notify.Settings) {
			settings.NameOrders = false
			s.opens(stalled("orders", 12))
		})
		for _, hidden := range []string{"A-1017", "4bf92f3577b34da6a3ce929d0e0e4736"} {
			if strings.Contains(got.body, hidden) {
				t.Errorf("%s: %s", format, got.body)
			}
		}
	}
}

func TestNamesFromOutsideAreNoMarkup(t *testing.T) {
	const evil = "<!channel> <https://evil.example|pay> *now* `x` [click](https://evil.example)"
	f := stalled("orders", 12)
	f.Summary, f.Subject.Destination = evil, evil
	for _, format := range formats {
		w := webhook(format, "")
		w.Secret = config.Secret(strings.Repeat("k", 32))
		got, _ := sends(t, w, func(s *shop, _ *notify.Settings) { s.opens(f) })
		var any any
		if err := json.Unmarshal([]byte(got.body), &any); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		body := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(got.body)
		if format == "slack" && regexp.MustCompile(`<!|<https://evil|\*now\*`).MatchString(body) {
			t.Errorf("slack: %s", body)
		}
		if format == "teams" && strings.Contains(body, `"TextBlock"`) {
			t.Errorf("teams: a text from outside is in a block that knows markup: %s", body)
		}
	}
}

func TestMessageOfAChatIsShortHoweverManyFindings(t *testing.T) {
	for _, format := range []string{"slack", "teams"} {
		got, _ := sends(t, webhook(format, ""), func(s *shop, _ *notify.Settings) {
			for i := range 2_000 {
				s.opens(stalled(strings.Repeat("q", 100)+time.Duration(i).String(), 12))
			}
		})
		if len(got.body) > 20<<10 || !strings.Contains(got.body, "and 1990 more findings") || !strings.Contains(got.body, "24,000 messages are stuck, oldest since 2026-03-14 02:54 UTC (2000 findings)") {
			t.Errorf("%s: %d bytes: %.600s", format, len(got.body), got.body)
		}
	}
}

// overdue is a finding about orders, with what they are worth.
func overdue(lifecycle string, count int64, amounts ...signal.Amount) signal.Finding {
	return signal.Finding{
		ID: "id-" + lifecycle, Mode: signal.OrderOverdue, Severity: signal.Critical, Target: main, Count: count,
		Subject: signal.Subject{Database: "shop", Lifecycle: lifecycle, State: "paid"}, Summary: "132 orders have been in state paid for longer than 1 hour.",
		Since: start.Add(-6 * time.Minute), DetectedAt: start.Add(-time.Minute), AtStake: signal.Stake{Amounts: amounts, Coverage: signal.CoversAll},
	}
}

func TestEveryFormatSaysWhatIsAtStake(t *testing.T) {
	for _, format := range formats {
		w := webhook(format, "")
		w.Secret = config.Secret(strings.Repeat("k", 32))
		got, _ := sends(t, w, func(s *shop, _ *notify.Settings) {
			s.opens(overdue("order", 132, signal.Amount{Currency: "EUR", Value: "18240.5", Orders: 132}))
		})
		want := "132 orders have been in state paid for longer than 1 hour. At stake: € 18,240.50 in 132 orders."
		if format == "cloudevents" {
			want = `"amounts":[{"currency":"EUR","amount":"18240.5","orders":132}],"amounts_of":"all"`
		}
		if !strings.Contains(got.body, want) {
			t.Errorf("%s: %s", format, got.body)
		}
	}
}

func TestHeadlineOfAMessageSaysWhatHappensToOrders(t *testing.T) {
	for _, format := range []string{"slack", "teams"} {
		got, _ := sends(t, webhook(format, ""), func(s *shop, _ *notify.Settings) {
			s.opens(overdue("order", 132, signal.Amount{Currency: "EUR", Value: "18240.5", Orders: 132}))
			s.opens(overdue("refund", 2, signal.Amount{Currency: "USD", Value: "40", Orders: 2}))
		})
		if want := "134 orders are stuck, € 18,240.50 and $ 40.00, oldest since 2026-03-14 02:54 UTC (2 findings)"; !strings.Contains(got.body, want) {
			t.Errorf("%s: %s", format, got.body)
		}
	}
}

func TestRequestsAreSignedAsStandardWebhooksDescribes(t *testing.T) {
	raw := strings.Repeat("0123456789abcdef", 2)
	encoded, err := standardwebhooks.NewWebhook("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := standardwebhooks.NewWebhookRaw([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	for secret, verifier := range map[string]*standardwebhooks.Webhook{raw: plain, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=": encoded} {
		w := webhook("alertmanager", "")
		w.Secret = config.Secret(secret)
		got, _ := sends(t, w, nil)
		if err := verifier.VerifyIgnoringTimestamp([]byte(got.body), got.header); err != nil {
			t.Errorf("the signature of %v is not valid: %v", got.header, err)
		}
		if err := verifier.VerifyIgnoringTimestamp([]byte(got.body+" "), got.header); err == nil {
			t.Error("the signature of another body is valid")
		}
	}
}

func TestAddressesHeadersAndSecretsAreNeverShown(t *testing.T) {
	for _, format := range formats {
		w := webhook(format, "")
		w.Secret = config.Secret("S1GN1NG" + strings.Repeat("k", 32))
		w.Headers = map[string]config.Secret{"Authorization": "Bearer H34DER"}
		got, log := sends(t, w, nil)
		if got.header.Get("Authorization") != "Bearer H34DER" {
			t.Errorf("%s: the header is %q", format, got.header.Get("Authorization"))
		}
		for _, hidden := range []string{"T0PS3CRET", "S1GN1NG", "H34DER"} {
			if strings.Contains(log, hidden) {
				t.Errorf("%s: the log has\n%s", format, log)
			}
		}
	}
	for sentence, url := range map[string]string{
		"nothing listens":  "http://127.0.0.1:1/T0PS3CRET",
		"no such host":     "http://t0ps3cret.invalid/T0PS3CRET",
		"no TLS there":     "https://" + strings.TrimPrefix(newReceiver(t, nil).URL, "http://") + "/T0PS3CRET",
		"an unclear proxy": "http://user:T0PS3CRET@127.0.0.1:1/",
	} {
		s := newShop(t)
		s.notifies(webhook("slack", url))
		s.opens(stalled("orders", 4))
		s.eventually("it fails", func() bool { return s.notifier.Health()[0].Err != "" })
		if text := strings.ToLower(s.notifier.Health()[0].Err + s.log.String()); strings.Contains(text, "t0ps3cret") || strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s: shows\n%s", sentence, text)
		}
	}
}

func TestAlertsHaveTheNamesOfTheRules(t *testing.T) {
	files, err := filepath.Glob("../../alerts/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no alerts", err)
	}
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	for _, mode := range detect.Modes() {
		if !slices.Contains(names, notify.AlertName(mode)) {
			t.Errorf("%s is sent as %s, which no rule is named", mode, notify.AlertName(mode))
		}
	}
	if !slices.Contains(names, "LostorderTargetDown") {
		t.Error("no rule is named LostorderTargetDown")
	}
}
