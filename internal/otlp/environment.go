package otlp

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A rule checks the value of a variable. Its error says what to write instead and
// never repeats the value, which may be a credential.
type rule func(value string) error

// common are the variables of the SDK, whatever is sent.
var common = map[string]rule{
	"OTEL_SDK_DISABLED":        oneOf("true", "false"),
	"OTEL_RESOURCE_ATTRIBUTES": pairsOf("key=value"),
}

// ofKind are the variables of each signal that is not an exporter's.
var ofKind = map[kind]map[string]rule{
	metrics: {
		"OTEL_METRIC_EXPORT_INTERVAL": milliseconds, "OTEL_METRIC_EXPORT_TIMEOUT": milliseconds,
		"OTEL_METRICS_EXEMPLAR_FILTER": oneOf("always_on", "always_off", "trace_based"),
		// The metrics of /metrics are sent, and they have these counters and buckets.
		"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE":        oneOf("cumulative"),
		"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": oneOf("explicit_bucket_histogram"),
	},
	traces: {
		"OTEL_BSP_EXPORT_TIMEOUT": milliseconds, "OTEL_BSP_SCHEDULE_DELAY": milliseconds,
		"OTEL_BSP_MAX_QUEUE_SIZE": count, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": count,
		"OTEL_TRACES_SAMPLER": oneOf("always_on", "always_off", "traceidratio",
			"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"),
		"OTEL_TRACES_SAMPLER_ARG": ratio,
	},
	logs: {
		"OTEL_BLRP_EXPORT_TIMEOUT": milliseconds, "OTEL_BLRP_SCHEDULE_DELAY": milliseconds,
		"OTEL_BLRP_MAX_QUEUE_SIZE": count, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": count,
	},
}

// ofExporter are the variables that exist once for all signals and once for each:
// OTEL_EXPORTER_OTLP_TIMEOUT and OTEL_EXPORTER_OTLP_TRACES_TIMEOUT.
var ofExporter = map[string]rule{
	"ENDPOINT": endpoint, "HEADERS": pairsOf("name=value"), "TIMEOUT": milliseconds,
	"COMPRESSION": oneOf("gzip", "none"), "INSECURE": oneOf("true", "false"),
	"CERTIFICATE": readable, "CLIENT_CERTIFICATE": readable, "CLIENT_KEY": readable,
}

// checkEnvironment checks the variables that decide how the chosen signals are sent.
// The SDK would ignore most mistakes, and print some with the value.
func checkEnvironment(chosen map[kind]protocol, getenv func(string) string) error {
	rules := maps.Clone(common)
	for k := range chosen {
		maps.Copy(rules, ofKind[k])
		for name, r := range ofExporter {
			rules["OTEL_EXPORTER_OTLP_"+name] = r
			rules["OTEL_EXPORTER_OTLP_"+strings.ToUpper(string(k))+"_"+name] = r
		}
	}
	var errs []error
	for name, r := range rules {
		value := strings.TrimSpace(getenv(name))
		if value == "" {
			continue // to the SDK an empty variable is none
		}
		if err := r(value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func oneOf(values ...string) rule {
	return func(value string) error {
		if slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, value) }) {
			return nil
		}
		if len(values) == 1 {
			return errors.New("only " + values[0] + " is supported; leave the variable out")
		}
		return errors.New("write one of " + strings.Join(values, ", "))
	}
}

func milliseconds(value string) error {
	if n, err := strconv.ParseInt(value, 10, 32); err != nil || n <= 0 {
		return errors.New("not a number of milliseconds; write for example 5000")
	}
	return nil
}

func count(value string) error {
	if n, err := strconv.ParseInt(value, 10, 32); err != nil || n <= 0 {
		return errors.New("not a whole number above zero; write for example 512")
	}
	return nil
}

func ratio(value string) error {
	if r, err := strconv.ParseFloat(value, 64); err != nil || !(r >= 0 && r <= 1) {
		return errors.New("not a number from 0 to 1; write for example 0.1")
	}
	return nil
}

func endpoint(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New("not an http or https address; write for example http://localhost:4318")
	case u.User != nil:
		return errors.New("contains a user; write the credentials into OTEL_EXPORTER_OTLP_HEADERS")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("contains a query, which would not be sent; write keys into OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}

// pairsOf checks a list in the form of W3C baggage, as the SDK decodes it.
func pairsOf(example string) rule {
	return func(list string) error {
		for i, item := range strings.Split(list, ",") {
			name, value, found := strings.Cut(item, "=")
			_, badName := url.PathUnescape(name)
			_, badValue := url.PathUnescape(value)
			if name = strings.TrimSpace(name); !found || name == "" || badName != nil || badValue != nil || strings.ContainsFunc(name, notInName) {
				return fmt.Errorf("item %d is not %s; separate items with commas, and percent-encode other characters", i+1, example)
			}
		}
		return nil
	}
}

// notInName reports whether a character is not allowed in the name of a header.
func notInName(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

func readable(path string) error {
	if file, err := os.Open(path); err != nil {
		return errors.New("names a file that cannot be read")
	} else if err := file.Close(); err != nil {
		return errors.New("names a file that cannot be read")
	}
	return nil
}
