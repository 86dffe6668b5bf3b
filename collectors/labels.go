package collectors

import (
	"errors"
	"regexp"
	"strings"
	"unicode"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Labels are the labels that an entry of the config file adds to its findings.
type Labels map[string]string

// labelName is the name of a label in every version of Prometheus.
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// reservedLabels are the names that a label of the config cannot have: the labels of
// lostorder's own metrics, and those that Prometheus or the shipped rules add, drop or
// group by.
var reservedLabels = func() map[string]string {
	names := map[string]string{}
	for reason, list := range map[string]string{
		"is a label of lostorder's own metrics": "api branch caused_by certainty check cluster collector coverage currency database destination external_url finding goarch goos goversion group kind " +
			"lifecycle member messaging_consumer_group_name messaging_destination_name messaging_destination_partition_id messaging_message_state messaging_system " +
			"mode next_state node orders outbox outcome of partition reason resource revision severity source state subject tags target version webhook within",
		"belongs to Prometheus":                              "alertname alertstate instance job le quantile",
		"is dropped or used by the recording rules":          "container endpoint pod prometheus_replica replica window",
		"is set for a whole lostorder, in the scrape config": "environment",
	} {
		for name := range strings.FieldsSeq(list) {
			names[name] = reason
		}
	}
	return names
}()

// ReservedLabel reports whether a label of the config cannot have the name, and why.
func ReservedLabel(name string) (why string, reserved bool) {
	why, reserved = reservedLabels[name]
	return why, reserved
}

// Validate checks the labels as Prometheus does, and that none hides one of lostorder.
func (l *Labels) Validate() error {
	var errs []error
	for name, value := range *l {
		why, reserved := ReservedLabel(name)
		switch {
		case !labelName.MatchString(name):
			errs = append(errs, config.At(name, "%q is not the name of a label; use letters, digits and _, and begin with a letter", name))
		case strings.HasPrefix(name, "__"):
			errs = append(errs, config.At(name, "names that begin with __ belong to Prometheus; choose another name"))
		case reserved:
			errs = append(errs, config.At(name, "%s; choose another name", why))
		case value == "":
			errs = append(errs, config.At(name, "empty; Prometheus has no label without a value; set it or remove it"))
		case strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
			errs = append(errs, config.At(name, "contains a character that cannot be printed; remove it"))
		}
	}
	return errors.Join(errs...)
}

// Labelled returns the target with its labels, and with those that its objectives add to
// the findings about some of its queues.
func (t Target) Labelled(labels Labels, objectives ...Labels) Target {
	t.Labels = signal.Labels(labels)
	for _, added := range objectives {
		t.QueueLabels = append(t.QueueLabels, signal.Labels(added))
	}
	return t
}
