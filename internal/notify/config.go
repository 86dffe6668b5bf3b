package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// The formats.
const (
	formatWebhook      = "alertmanager"
	formatAlertmanager = "alertmanager-api"
	formatSlack        = "slack"
	formatTeams        = "teams"
	formatPagerDuty    = "pagerduty"
	formatCloudEvents  = "cloudevents"
)

// pagerDutyURL is where PagerDuty takes events, if the config does not say.
const pagerDutyURL = "https://events.pagerduty.com/v2/enqueue"

// Webhook is one receiver of notifications.
type Webhook struct {
	Name       string                   `yaml:"name" doc:"Its name in the log and in metrics. If omitted, the format and the position in the list, such as slack-1." example:"on-call"`
	URL        config.Secret            `yaml:"url" file:"true" doc:"Where notifications are posted. It is a secret: it is never shown. With format alertmanager-api it is the address of the Alertmanager; with format pagerduty it may be omitted." example:"${SLACK_WEBHOOK_URL}"`
	Format     string                   `yaml:"format" enum:"alertmanager,alertmanager-api,slack,teams,pagerduty,cloudevents" default:"alertmanager" doc:"alertmanager: the JSON that Alertmanager posts to webhooks. alertmanager-api: POST /api/v2/alerts of a real Alertmanager. slack: an incoming webhook. teams: an adaptive card for a workflow. pagerduty: the Events API v2. cloudevents: one structured CloudEvent 1.0 for each finding."`
	Severities []string                 `yaml:"severities" enum:"critical,warning,info" default:"critical,warning,info" doc:"Which findings are sent." example:"critical"`
	Headers    map[string]config.Secret `yaml:"headers" doc:"Headers of each request, such as Authorization. Their values are never shown." example:"Authorization: Bearer ${TOKEN}"`
	Secret     config.Secret            `yaml:"secret" file:"true" doc:"The secret that signs each request, as Standard Webhooks describes (webhook-id, webhook-timestamp, webhook-signature). With format pagerduty it is the integration key." example:"whsec_${WEBHOOK_SECRET}"`
}

// Validate checks what the tags cannot express. No message shows a value.
func (w *Webhook) Validate() error {
	var errs []error
	switch address := w.URL.Reveal(); {
	case address == "" && w.Format != formatPagerDuty:
		errs = append(errs, config.At("url", "no address to post to; set url or url_file"))
	case address != "":
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, config.At("url", "not an http or https address; write for example https://hooks.example/orders"))
		}
	}
	if w.Format == formatPagerDuty && w.Secret == "" {
		errs = append(errs, config.At("secret", "PagerDuty needs the integration key of a service; set secret_file"))
	}
	if w.Format != formatPagerDuty && w.Secret != "" {
		if _, err := signingKey(w.Secret.Reveal()); err != nil {
			errs = append(errs, config.At("secret", "%v", err))
		}
	}
	for name, value := range w.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value.Reveal()):
			errs = append(errs, config.At("headers", "%q is no header of HTTP, or its value is not", name))
		case slices.Contains([]string{"Content-Type", "Content-Length", "Host", headerID, headerTimestamp, headerSignature}, http.CanonicalHeaderKey(name)):
			errs = append(errs, config.At("headers", "lostorder sets %s itself; remove it", name))
		}
	}
	return errors.Join(errs...)
}

// address is where it is posted.
func (w *Webhook) address() string {
	address := w.URL.Reveal()
	switch w.Format {
	case formatPagerDuty:
		if address == "" {
			return pagerDutyURL
		}
	case formatAlertmanager:
		if !strings.HasSuffix(address, "/api/v2/alerts") {
			return strings.TrimSuffix(address, "/") + "/api/v2/alerts"
		}
	}
	return address
}

// key identifies the receiver in the memory, without its address.
func (w *Webhook) key() string {
	sum := sha256.Sum256([]byte(w.Format + "\x00" + w.address() + "\x00" + w.Secret.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// wants reports whether findings of a severity are sent.
func (w *Webhook) wants(s signal.Severity) bool { return slices.Contains(w.Severities, string(s)) }

// Exposed reports whether requests cross a network without encryption.
func (w *Webhook) Exposed() bool {
	u, err := url.Parse(w.address())
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
