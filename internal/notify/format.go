package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// request is one POST, and the notices that it delivers.
type request struct {
	id          string // the same when the same is sent again
	contentType string
	body        []byte
	notices     []notice
}

// format writes notices in the way of a receiver.
type format interface {
	// split groups notices into those of one request each.
	split(notices []notice) [][]notice
	// body writes one group. id is that of the request.
	body(group []notice, id string, now time.Time) (contentType string, payload any)
}

// links are the addresses that notifications lead to.
type links struct {
	page     string // of lostorder, for browsers; empty if unknown
	runbooks string // the folder of the runbooks, with a slash at its end
}

// finding is the page of an alert, empty if unknown.
func (l links) finding(a *alert) string {
	switch {
	case l.page == "":
		return ""
	case a.Mode == "":
		return l.page + "/"
	}
	return l.page + "/findings/" + url.PathEscape(a.ID)
}

// runbook is the page that explains what to do.
func (l links) runbook(a *alert) string {
	if a.Mode == "" {
		return l.runbooks + "target_down.md"
	}
	return l.runbooks + string(a.Mode) + ".md"
}

// formatOf returns the format of a webhook.
func formatOf(w *Webhook, l links) format {
	switch w.Format {
	case formatAlertmanager:
		return alertmanagerAPI{l}
	case formatSlack:
		return slack{l}
	case formatTeams:
		return teams{l}
	case formatPagerDuty:
		return pagerDuty{l, w.Secret}
	case formatCloudEvents:
		return cloudEvents{l}
	default:
		return alertmanager{l, w.Name}
	}
}

// encode makes a request of a group.
func encode(f format, group []notice, now time.Time) (r request, err error) {
	r = request{id: idOf(group), notices: group}
	var payload any
	r.contentType, payload = f.body(group, r.id, now)
	r.body, err = json.Marshal(payload)
	return r, err
}

// idOf identifies what a request says, so that a receiver recognises a repeated one.
func idOf(group []notice) string {
	sum := sha256.New()
	for i := range group {
		n := &group[i]
		_, _ = fmt.Fprintf(sum, "%s %s %s %d %d %d\n", n.ID, n.why, n.Severity, n.Count, n.Detected.UnixNano(), n.Closed.UnixNano()) // a hash never fails to write
		if n.why == repeated {
			_, _ = fmt.Fprintf(sum, "%d\n", n.last.UnixNano())
		}
	}
	return "msg_" + hex.EncodeToString(sum.Sum(nil)[:12])
}

// chunks cuts notices into groups of at most n.
func chunks(notices []notice, n int) (groups [][]notice) {
	for len(notices) > n {
		groups, notices = append(groups, notices[:n]), notices[n:]
	}
	if len(notices) > 0 {
		groups = append(groups, notices)
	}
	return groups
}

// labels are those of the alert that Prometheus would send.
func (a *alert) labels() map[string]string {
	labels := maps.Clone(a.Custom) // those of lostorder win
	if labels == nil {
		labels = map[string]string{}
	}
	labels["alertname"], labels["severity"], labels["finding"] = a.Name, string(a.Severity), a.ID
	if a.Mode != "" {
		labels["mode"] = string(a.Mode)
	}
	maps.Copy(labels, a.Labels)
	return labels
}

// annotations are those of the alert that Prometheus would send.
func (l links) annotations(n *notice) map[string]string {
	all := map[string]string{
		"summary": n.sentence(), "description": n.Description, "news": n.news(), "since": momentOf(n.Since),
		"orders": strings.Join(n.Orders, ", "), "finding_url": l.finding(&n.alert), "runbook_url": l.runbook(&n.alert),
	}
	if n.Count > 0 {
		all["affected"] = fmt.Sprint(n.Count)
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	return all
}

const jsonType = "application/json"

// header sets the headers of a request.
func (w *Webhook) header(r *request, at time.Time) (http.Header, error) {
	h := http.Header{"Content-Type": {r.contentType}, "User-Agent": {"lostorder"}, headerID: {r.id}, headerTimestamp: {unix(at)}}
	for name, value := range w.Headers {
		h.Set(name, value.Reveal())
	}
	if w.Secret == "" || w.Format == formatPagerDuty {
		return h, nil
	}
	key, err := signingKey(w.Secret.Reveal())
	if err != nil {
		return nil, err
	}
	signature, err := sign(key, r.id, at, r.body)
	if err != nil {
		return nil, err
	}
	h.Set(headerSignature, signature)
	return h, nil
}
