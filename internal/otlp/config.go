package otlp

import (
	"errors"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
)

// sectionKey is the key of the config file.
const sectionKey = "otlp"

// Config is which signals may be sent. The OTEL_* variables contain the address.
type Config struct {
	Metrics bool `yaml:"metrics" default:"true" doc:"Send the metrics."`
	Traces  bool `yaml:"traces" default:"true" doc:"Send spans: of readings, and of the hop that a lost order never made, in its own trace."`
	Logs    bool `yaml:"logs" default:"true" doc:"Send findings as log records."`
}

// Section is the section of the config file.
func Section() config.Section {
	return config.Single[Config](sectionKey, "What is sent by OTLP when the standard OTEL_* variables name an endpoint. Read at start; a reload does not change it.")
}

// FromFile returns the section of a config file.
func FromFile(f *config.File) Config { return config.Only[Config](f, sectionKey) }

// kind is one of the three kinds of telemetry. Each is sent independently.
type kind string

const (
	metrics kind = "metrics"
	traces  kind = "traces"
	logs    kind = "logs"
)

// protocol is how a signal is sent.
type protocol string

const (
	none     protocol = ""
	overHTTP protocol = "http/protobuf"
	overGRPC protocol = "grpc"
)

// choose returns how each signal is sent, from the file and the variables
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
func choose(c Config, getenv func(string) string) (map[kind]protocol, error) {
	chosen := map[kind]protocol{}
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return chosen, nil
	}
	var errs []error
	for s, allowed := range map[kind]bool{metrics: c.Metrics, traces: c.Traces, logs: c.Logs} {
		p, err := protocolOf(s, getenv)
		if allowed && err == nil && p != none {
			chosen[s] = p
		}
		errs = append(errs, err)
	}
	return chosen, errors.Join(errs...)
}

func protocolOf(s kind, getenv func(string) string) (protocol, error) {
	name := strings.ToUpper(string(s))
	first := func(names ...string) (variable, value string) {
		for _, n := range names {
			if v := strings.TrimSpace(getenv(n)); v != "" {
				return n, v
			}
		}
		return "", ""
	}
	exporter := "OTEL_" + name + "_EXPORTER"
	switch strings.TrimSpace(getenv(exporter)) {
	case "none":
		return none, nil
	case "otlp":
	case "":
		if _, endpoint := first("OTEL_EXPORTER_OTLP_"+name+"_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"); endpoint == "" {
			return none, nil
		}
	default:
		return none, errors.New(exporter + ": write otlp or none; lostorder has no other exporter")
	}
	variable, value := first("OTEL_EXPORTER_OTLP_"+name+"_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
	switch p := protocol(value); p {
	case none:
		return overHTTP, nil // as the specification says
	case overHTTP, overGRPC:
		return p, nil
	default:
		return none, errors.New(variable + ": choose http/protobuf or grpc")
	}
}
