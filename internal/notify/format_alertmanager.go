package notify

import (
	"fmt"
	"maps"
	"time"

	"github.com/prometheus/common/model"
)

// mostAlerts is how many alerts one request to a webhook holds.
const mostAlerts = 100

// alertmanager writes what Alertmanager posts to its webhooks, one request for each alert
// name and severity.
type alertmanager struct {
	links
	receiver string
}

// message is the payload, version 4
// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
type message struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []messageAlert    `json:"alerts"`
}

type messageAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // the zero time while it fires, as Alertmanager has it
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

func (alertmanager) split(notices []notice) (groups [][]notice) {
	byName := map[string][]notice{}
	var order []string
	for i := range notices {
		key := groupKey(&notices[i])
		if byName[key] == nil {
			order = append(order, key)
		}
		byName[key] = append(byName[key], notices[i])
	}
	for _, key := range order {
		groups = append(groups, chunks(byName[key], mostAlerts)...)
	}
	return groups
}

func groupKey(n *notice) string {
	return fmt.Sprintf("{}:{alertname=%q, severity=%q}", n.Name, n.Severity)
}

func (f alertmanager) body(group []notice, _ string, _ time.Time) (string, any) {
	first := &group[0]
	m := message{
		Version: "4", GroupKey: groupKey(first), Status: "resolved", Receiver: f.receiver, ExternalURL: f.page,
		GroupLabels: map[string]string{"alertname": first.Name, "severity": string(first.Severity)},
	}
	for i := range group {
		n := &group[i]
		a := messageAlert{
			Status: "resolved", Labels: n.labels(), Annotations: f.annotations(n),
			StartsAt: n.Since.UTC(), EndsAt: n.Closed.UTC(), GeneratorURL: f.finding(&n.alert),
		}
		if n.open() {
			a.Status, m.Status = "firing", "firing"
		}
		a.Fingerprint = fingerprint(a.Labels)
		m.Alerts = append(m.Alerts, a)
		if i == 0 {
			m.CommonLabels, m.CommonAnnotations = maps.Clone(a.Labels), maps.Clone(a.Annotations)
			continue
		}
		intersect(m.CommonLabels, a.Labels)
		intersect(m.CommonAnnotations, a.Annotations)
	}
	return jsonType, m
}

// intersect removes what other does not have.
func intersect(common, other map[string]string) {
	for name, value := range common {
		if other[name] != value {
			delete(common, name)
		}
	}
}

// fingerprint identifies a set of labels, as Alertmanager does.
func fingerprint(labels map[string]string) string {
	set := make(model.LabelSet, len(labels))
	for name, value := range labels {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	return set.Fingerprint().String()
}
