package demo

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/lostorder/lostorder/internal/fakesqs"
)

//go:embed config.yml.tmpl
var configTemplate string

// configValues is what the template is filled with. Durations are those of a shop that
// is not slower.
type configValues struct {
	RabbitMQ *rabbitValues // nil without a RabbitMQ
	SQS      struct{ Region, Endpoint string }
	Broker   string
	Database string

	Interval, Timeout, QueueMaxAge, AbsentAfter, NotifyWithin, ClicksMaxAge time.Duration
	RabbitMaxAge, RabbitAbsent, OutboxMaxAge, CountAgain                    time.Duration
	PlacedMax, PaidMax, StepMax, MatchGrace, EventsWithin                   time.Duration
}

type rabbitValues struct{ URL, Username, Password, VHost, Queues, PrometheusURL string }

// Config returns the config with which lostorder watches the shop, as an operator would
// write it.
func (s *Shop) Config() (string, error) {
	values := configValues{
		Broker: s.brokers[0], Database: "sqlite://" + filepath.Join(s.dir, "shop.db"),
		Interval: pollInterval, Timeout: readWithin, QueueMaxAge: queueMaxAge, AbsentAfter: absentAfter,
		NotifyWithin: notifyWithin, ClicksMaxAge: 2 * clicksKept, RabbitMaxAge: rabbitMaxAge, RabbitAbsent: rabbitAbsent,
		OutboxMaxAge: outboxMaxAge, CountAgain: countAgain, PlacedMax: placedMax, PaidMax: paidMax, StepMax: stepMax,
		MatchGrace: matchGrace, EventsWithin: eventsWithin,
	}
	values.SQS.Region, values.SQS.Endpoint = fakesqs.Region, s.warehouse.server.URL()
	if s.packing != nil {
		values.RabbitMQ = s.packing.configValues()
	}
	functions := template.FuncMap{"d": s.pace, "q": strconv.Quote}
	parsed, err := template.New("demo.yml").Funcs(functions).Parse(configTemplate)
	if err != nil {
		return "", fmt.Errorf("parse the demo's config template: %w", err)
	}
	var text strings.Builder
	if err := parsed.Execute(&text, values); err != nil {
		return "", fmt.Errorf("fill the demo's config template: %w", err)
	}
	return text.String(), nil
}

// addresses are the flags with which lostorder discover reads the shop.
func (s *Shop) addresses() []string {
	return []string{
		"--kafka=" + s.brokers[0],
		"--sqs='" + s.warehouse.server.URL() + "?region=" + fakesqs.Region + "'",
		"--database=sqlite://" + filepath.Join(s.dir, "shop.db"),
	}
}

func (p *packing) configValues() *rabbitValues {
	literal := strings.NewReplacer("${", "$${").Replace
	r := p.rabbit
	return &rabbitValues{
		URL: r.management.String(), Username: literal(r.user), Password: literal(r.password),
		VHost: literal(regexp.QuoteMeta(r.vhost())), Queues: regexp.QuoteMeta(p.prefix) + ".*", PrometheusURL: r.prometheus,
	}
}
