package config_test

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"

	"github.com/lostorder/lostorder/internal/config"
)

// The sample sections are shaped like real ones, and use every tag.

type cluster struct {
	Name       string            `yaml:"name" doc:"What the cluster is called." example:"orders"`
	Brokers    []string          `yaml:"brokers" required:"true" doc:"Where to connect first." example:"localhost:9092"`
	Version    string            `yaml:"version" default:"4.0" doc:"The version the brokers speak."`
	TLS        *tlsConfig        `yaml:"tls" doc:"Encryption; none when left out."`
	SASL       *saslConfig       `yaml:"sasl" doc:"Who we are."`
	Topics     config.Matcher    `yaml:"topics" doc:"Topics to watch."`
	DLQ        []string          `yaml:"dlq" single:"true" default:"{topic}.dlq,{topic}-dlt" doc:"How dead letter queues are named."`
	Objectives []objective       `yaml:"objectives" doc:"How old messages may get."`
	Labels     map[string]string `yaml:"labels" doc:"Labels to add."`
	Polling    polling           `inline:"true"`
}

type polling struct {
	Every   config.Duration `yaml:"every" default:"15s" min:"1s" max:"1h" doc:"How often to look."`
	Retries int             `yaml:"retries" default:"3" min:"0" max:"10" doc:"How often to try again."`
	Jitter  float64         `yaml:"jitter" default:"0.1" min:"0" max:"1" doc:"How much to spread."`
	Workers uint8           `yaml:"workers" default:"4" doc:"How many at once."`
}

type tlsConfig struct {
	CAFile string `yaml:"ca_file" doc:"Whom to trust."`
	Verify bool   `yaml:"verify" default:"true" doc:"Whether to check the name."`
}

type saslConfig struct {
	Mechanism string        `yaml:"mechanism" enum:"plain,scram-sha-256,scram-sha-512" default:"plain" doc:"How to log in."`
	Username  string        `yaml:"username" required:"true" doc:"The user."`
	Password  config.Secret `yaml:"password" file:"true" required:"true" doc:"The password."`
}

type objective struct {
	Topic  config.Pattern  `yaml:"topic" required:"true" doc:"Which topics." example:"orders\\..*"`
	MaxAge config.Duration `yaml:"max_age" default:"1m" doc:"How old the head may get."`
}

type database struct {
	Name string        `yaml:"name" doc:"What the database is called."`
	URL  config.Secret `yaml:"url" file:"true" required:"true" doc:"Where it is." example:"postgres://lostorder@localhost/orders"`
}

func (d database) Validate() error {
	if _, err := url.Parse(d.URL.Reveal()); err != nil {
		return config.At("url", "not a URL: %w", err)
	}
	return nil
}

type outbox struct {
	Name     string  `yaml:"name" doc:"What the outbox is called."`
	Database string  `yaml:"database" ref:"databases" required:"true" doc:"Where the table is."`
	Columns  columns `yaml:"columns" doc:"What its columns are called."`
	Level    level   `yaml:"level" default:"low" doc:"How loud."`
}

type columns struct {
	ID        string `yaml:"id" required:"true" doc:"The key."`
	CreatedAt string `yaml:"created_at" default:"created_at" doc:"When."`
}

// level reads itself.
type level int

func (l *level) UnmarshalText(text []byte) error {
	switch string(text) {
	case "low":
		*l = 1
	case "high":
		*l = 2
	default:
		return fmt.Errorf("%q is no level; use low or high", text)
	}
	return nil
}

type lifecycle struct {
	Name   string                `yaml:"name" doc:"What it is called."`
	Kind   string                `yaml:"kind" enum:"order,saga" default:"order" doc:"What it is."`
	States config.Ordered[state] `yaml:"states" required:"true" doc:"The states in order." example:"{placed: {next: [paid]}, paid: {}}"`
}

type state struct {
	Max  config.Duration `yaml:"max" default:"5m" doc:"How long it may last."`
	Next []string        `yaml:"next" doc:"Where to go from here."`
}

func (s *state) Validate() error {
	if s.Max == 0 {
		return config.At("max", "0 makes every order late; leave it out or give a time")
	}
	return nil
}

func (l *lifecycle) Validate() error {
	var errs []error
	for _, s := range l.States {
		for i, next := range s.Value.Next {
			if _, ok := l.States.Get(next); !ok {
				errs = append(errs, config.At(fmt.Sprintf("states.%s.next[%d]", s.Name, i), "%q is no state of this lifecycle", next))
			}
		}
	}
	return errors.Join(errs...)
}

type export struct {
	Metrics bool            `yaml:"metrics" default:"true" doc:"Send metrics."`
	Timeout config.Duration `yaml:"timeout" default:"10s" doc:"How long to wait."`
}

var sections = []config.Section{
	{Key: "kafka", Doc: "Kafka clusters to watch.", Type: reflect.TypeFor[cluster]()},
	{Key: "databases", Doc: "Databases to ask.", Type: reflect.TypeFor[database]()},
	{Key: "outboxes", Doc: "Outbox tables.", Type: reflect.TypeFor[outbox]()},
	{Key: "lifecycles", Doc: "What orders go through.", Type: reflect.TypeFor[lifecycle]()},
	{Key: "otlp", Doc: "Where telemetry goes.", Type: reflect.TypeFor[export](), Single: true},
}
