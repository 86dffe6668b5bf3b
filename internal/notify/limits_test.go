package notify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/notify"
)

// The limits that each vendor documents:
//   - Slack: 50 blocks in a message, 3,000 characters in a text, 100 attachments.
//   - Teams: 28 KB in a message.
//   - PagerDuty: 1,024 characters in a summary, 255 in a dedup_key, 512 KB in an event.

// crowd opens findings with ten thousand orders and the names that are given.
func crowd(findings int, name string) func(*shop, *notify.Settings) {
	return func(s *shop, _ *notify.Settings) {
		for i := range findings {
			f := stalled(fmt.Sprint(name, i), 10_000)
			f.ID = fmt.Sprintf("%012d", i)
			f.Summary = "Partition 3 of " + name + " has not moved for 6 minutes."
			f.OrderIDs = nil
			for j := range 10_000 {
				f.OrderIDs = append(f.OrderIDs, fmt.Sprint(name[:min(len(name), 50)], j))
			}
			s.opens(f)
		}
	}
}

func TestMessagesKeepTheLimitsOfTheirReceivers(t *testing.T) {
	for sentence, c := range map[string]struct {
		findings int
		name     string
	}{
		"one finding":                    {1, "orders"},
		"a very long name":               {1, strings.Repeat("q", 100_000)},
		"a long name that is escaped":    {1, strings.Repeat("<&>", 30_000)},
		"a long name of wide characters": {1, strings.Repeat("注文", 30_000)},
		"many long names":                {40, strings.Repeat("q", 3000)},
		"many long names, all escaped":   {40, strings.Repeat("<", 3000)},
	} {
		t.Run(sentence, func(t *testing.T) {
			sent := func(format string, into any) string {
				w := webhook(format, "")
				w.Secret = config.Secret(strings.Repeat("k", 32))
				got, _ := sends(t, w, crowd(c.findings, c.name))
				if err := json.Unmarshal([]byte(got.body), into); err != nil {
					t.Errorf("%s: %v", format, err)
				}
				if !utf8.ValidString(got.body) {
					t.Errorf("%s: the body is no UTF-8", format)
				}
				return got.body
			}
			atMost := func(what string, n, most int) {
				t.Helper()
				if n == 0 || n > most {
					t.Errorf("%s: %d, and %d are allowed", what, n, most)
				}
			}

			type text struct{ Text string }
			var slack struct {
				Text        string
				Attachments []struct {
					Blocks []struct {
						Text     *text
						Elements []text
					}
				}
			}
			sent("slack", &slack)
			atMost("attachments of Slack", len(slack.Attachments), 100)
			atMost("text of Slack", utf8.RuneCountInString(slack.Text), 3000)
			blocks := 0
			for _, a := range slack.Attachments {
				for _, b := range a.Blocks {
					blocks++
					if b.Text != nil {
						b.Elements = append(b.Elements, *b.Text)
					}
					for _, e := range b.Elements {
						atMost("text of a block of Slack", utf8.RuneCountInString(e.Text), 3000)
					}
				}
			}
			atMost("blocks of Slack", blocks, 50)

			var card any
			atMost("bytes of Teams", len(sent("teams", &card)), 28<<10)

			var event struct {
				DedupKey string `json:"dedup_key"`
				Payload  struct{ Summary, Component string }
			}
			atMost("bytes of PagerDuty", len(sent("pagerduty", &event)), 512<<10)
			atMost("dedup_key of PagerDuty", len(event.DedupKey), 255)
			atMost("summary of PagerDuty", utf8.RuneCountInString(event.Payload.Summary), 1024)
			atMost("component of PagerDuty", utf8.RuneCountInString(event.Payload.Component), 1024)
		})
	}
}
