package telemetry

import (
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// The names of labels. Those of messaging are OpenTelemetry's, so that they join
// with what the services say of themselves.
const (
	labelSystem      = "messaging_system"
	labelCluster     = "cluster"
	labelDestination = "messaging_destination_name"
	labelGroup       = "messaging_consumer_group_name"
	labelState       = "messaging_message_state"
	labelPartition   = "messaging_destination_partition_id"
	labelReason      = "reason"
	labelSource      = "source"
	labelDatabase    = "database"
	labelOutbox      = "outbox"
	labelLifecycle   = "lifecycle"
	labelOrderState  = "state"
	labelWithin      = "within"
	labelCheck       = "check"
	labelKind        = "kind"
	labelMode        = "mode"
	labelSeverity    = "severity"
	labelFinding     = "finding"
	labelCausedBy    = "caused_by"
	labelCollector   = "collector"
	labelTarget      = "target"
	labelNode        = "node"
	labelResource    = "resource"
	labelExternal    = "external_url"
	labelSubject     = "subject"
	labelOrders      = "orders"
	labelWebhook     = "webhook"
	labelAPI         = "api"
	labelMember      = "member"
	labelCurrency    = "currency"
	labelCoverage    = "coverage"

	// The short names of the labels of partitions. There are so many of their series that
	// names are most of a scrape.
	labelShortDestination = "destination"
	labelShortGroup       = "group"
	labelShortPartition   = "partition"
	labelShortState       = "state"
)

var (
	queueLabels  = []string{labelSystem, labelCluster, labelDestination, labelGroup}
	dlqLabels    = []string{labelSystem, labelCluster, labelDestination, labelSource}
	nodeLabels   = []string{labelSystem, labelCluster, labelNode}
	outboxLabels = []string{labelDatabase, labelOutbox}
	orderLabels  = []string{labelDatabase, labelLifecycle, labelOrderState}
	// A partition has no system: a cluster has one.
	partitionLabels = []string{labelCluster, labelShortDestination, labelShortGroup, labelShortPartition, labelShortState}
	checkLabels     = []string{labelCheck}
	targetLabels    = []string{labelCollector, labelTarget}
	findingLabels   = []string{labelMode, labelSeverity}
	caseLabels      = with(findingLabels, labelFinding, labelSystem, labelCluster, labelDestination, labelGroup,
		labelDatabase, labelOutbox, labelLifecycle, labelOrderState, labelCheck)
)

func with(labels []string, more ...string) []string {
	return append(append(make([]string, 0, len(labels)+len(more)), labels...), more...)
}

// A label is a name and a value; the values of one snapshot repeat so much that
// the pairs are made once and shared by all series.
type label struct{ name, value string }

type labelSet struct {
	pairs      map[label]*dto.LabelPair
	partitions map[string]map[int32]*dto.LabelPair // by the name of the label
}

func newLabelSet() *labelSet {
	return &labelSet{pairs: map[label]*dto.LabelPair{}, partitions: map[string]map[int32]*dto.LabelPair{}}
}

// of returns the pairs of the labels that have a value: to Prometheus an empty
// label is the same as none.
func (s *labelSet) of(labels ...label) []*dto.LabelPair {
	pairs := make([]*dto.LabelPair, 0, len(labels))
	for _, l := range labels {
		if l.value != "" {
			pairs = append(pairs, s.pair(l.name, l.value))
		}
	}
	return pairs
}

func (s *labelSet) pair(name, value string) *dto.LabelPair {
	key := label{name, value}
	p, ok := s.pairs[key]
	if !ok {
		p = newPair(name, value)
		s.pairs[key] = p
	}
	return p
}

// partition returns a function that makes the labels of partitions under a name.
func (s *labelSet) partition(name string) func(id int32) *dto.LabelPair {
	pairs := s.partitions[name]
	if pairs == nil {
		pairs = map[int32]*dto.LabelPair{}
		s.partitions[name] = pairs
	}
	return func(id int32) *dto.LabelPair {
		p, ok := pairs[id]
		if !ok {
			p = newPair(name, strconv.Itoa(int(id)))
			pairs[id] = p
		}
		return p
	}
}

func newPair(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: &name, Value: &value}
}

// valid returns the text as UTF-8. A broker may hold any bytes; one strange name
// must not cost the scrape.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
