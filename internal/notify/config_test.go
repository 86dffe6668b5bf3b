package notify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/alerting"
	"github.com/lostorder/lostorder/internal/config"
)

func load(t *testing.T, text string) (*config.File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lostorder.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(path, []config.Section{alerting.Section()})
}

func TestConfig(t *testing.T) {
	f, err := load(t, `
alerting:
  interval: 30s
  webhooks:
    - url: https://hooks.example/T0PS3CRET
      headers: {Authorization: Bearer x}
      secret: 0123456789abcdef0123456789abcdef
    - {name: on-call, format: pagerduty, secret: R0UT1NGK3Y, severities: [critical]}
    - {format: slack, url: "http://chat.example/x"}
`)
	if err != nil {
		t.Fatal(err)
	}
	c := alerting.FromFile(f)
	settings := c.Settings()
	if len(settings.Webhooks) != 3 || settings.Interval.String() != "30s" || settings.Repeat.String() != "4h0m0s" || settings.Webhooks[0].Format != "alertmanager" || len(settings.Webhooks[0].Severities) != 3 {
		t.Errorf("settings are %+v", settings)
	}
	if exposed := alerting.Exposed(f); len(exposed) != 1 || !strings.Contains(exposed[0], "slack-3") || strings.Contains(exposed[0], "chat.example") {
		t.Errorf("exposed: %q", exposed)
	}
}

func TestConfigThatIsRefused(t *testing.T) {
	for sentence, c := range map[string]struct{ webhook, want string }{
		"no address":                  {`{format: slack}`, "no address to post to; set url or url_file"},
		"an address without a scheme": {`{url: "hooks.example/T0PS3CRET"}`, "not an http or https address"},
		"another scheme":              {`{url: "ftp://T0PS3CRET@hooks.example"}`, "not an http or https address"},
		"an unknown format":           {`{url: "https://x.example", format: discord}`, "discord"},
		"PagerDuty without a key":     {`{format: pagerduty}`, "PagerDuty needs the integration key"},
		"a short secret":              {`{url: "https://x.example", secret: T0PS3CRET}`, "it can be guessed"},
		"a secret that is no base64":  {`{url: "https://x.example", secret: whsec_T0PS3CRET!}`, "not base64"},
		"a header that is none":       {`{url: "https://x.example", headers: {"a b": T0PS3CRET}}`, "no header of HTTP"},
		"a header of lostorder":       {`{url: "https://x.example", headers: {webhook-id: T0PS3CRET}}`, "lostorder sets webhook-id itself"},
		"one name for two":            {"{url: \"https://x.example\", name: a}\n    - {url: \"https://y.example\", name: a}", "\"a\" is the name of webhooks[0] already"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := load(t, "alerting:\n  webhooks:\n    - "+c.webhook+"\n")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(err.Error(), "T0PS3CRET") {
				t.Errorf("shows a value: %v", err)
			}
		})
	}
}
