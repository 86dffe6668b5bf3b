package telemetry

import (
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// mostFindings bounds the series of single findings. No engineer reads more, and a
// shop in which everything breaks at once must not flood its Prometheus too.
const mostFindings = 500

// mostOrders bounds the order ids of one finding: a notification has room for a few.
const mostOrders = 5

// shown is what the config adds to findings: the address of the status page, and order ids.
type shown struct {
	external string
	orderIDs bool
}

// finding is an open finding and the labels of its series.
type finding struct {
	*signal.Finding
	labels []*dto.LabelPair
	linked []*dto.LabelPair // and the address of its page
	words  []*dto.LabelPair // its subject in words
	cause  []*dto.LabelPair // of a symptom
}

// list indexes the open findings: the most severe first, then the oldest, as the
// snapshot has them. Those beyond the bound are only counted.
func (v *view) list(open []signal.Finding, show shown) {
	for i := range open {
		f := &open[i]
		id := valid(f.ID)
		if _, known := v.findings.index[id]; !known && len(v.findings.all) == mostFindings {
			v.unlisted++
			continue
		}
		labels := append(v.labels.of(label{labelMode, valid(string(f.Mode))}, label{labelSeverity, valid(string(f.Severity))}, label{labelFinding, id}),
			v.subject(f.Subject)...)
		labels = append(labels, v.configured(f.Labels)...)
		words := v.labels.of(label{labelMode, valid(string(f.Mode))}, label{labelFinding, id}, label{labelSubject, valid(f.Subject.String())})
		if show.orderIDs {
			words = append(words, v.labels.of(label{labelOrders, valid(strings.Join(f.OrderIDs[:min(len(f.OrderIDs), mostOrders)], ", "))})...)
		}
		words = append(words, v.configured(f.Labels)...)
		cause := v.labels.of(label{labelMode, valid(string(f.Mode))}, label{labelFinding, id}, label{labelCausedBy, valid(f.CausedBy)})
		v.findings.put(id, finding{f, labels, append(labels, v.labels.of(label{labelExternal, valid(show.external)})...), words, cause})
	}
}

// configured returns the labels that the config gives a finding or a target.
func (v *view) configured(labels signal.Labels) []*dto.LabelPair {
	pairs := make([]*dto.LabelPair, 0, len(labels))
	for _, name := range labels.Names() {
		pairs = append(pairs, v.labels.of(label{name, valid(labels[name])})...)
	}
	return pairs
}

// subject returns the labels of a finding's subject, under their names in the API.
func (v *view) subject(s signal.Subject) []*dto.LabelPair {
	return v.labels.of(
		label{labelSystem, valid(string(s.System))}, label{labelCluster, valid(s.Cluster)},
		label{labelDestination, valid(s.Destination)}, label{labelGroup, valid(s.Group)},
		label{labelDatabase, valid(s.Database)}, label{labelOutbox, valid(s.Outbox)},
		label{labelLifecycle, valid(s.Lifecycle)}, label{labelOrderState, valid(s.State)},
		label{labelCheck, valid(s.Check)})
}

// perFinding makes the series of a metric of single open findings.
func perFinding(each func(f *finding, out *block)) func(*view, *block) {
	return func(v *view, out *block) {
		for i := range v.findings.all {
			each(&v.findings.all[i], out)
		}
	}
}

// findingSince adds when the failure began, or when it was found if the beginning is
// unknown: a rule that alerts on the series must not miss the finding.
func findingSince(f *finding, out *block) {
	since := f.Since
	if since.IsZero() {
		since = f.DetectedAt
	}
	out.add(float64(since.UnixMilli())/1000, f.linked)
}

func findingInfo(f *finding, out *block) { out.add(1, f.words) }

func findingAffected(f *finding, out *block) { out.add(float64(f.Count), f.labels) }

func findingsUnlisted(v *view, out *block) { out.add(float64(v.unlisted), nil) }

func findingUnconfirmed(f *finding, out *block) {
	if f.Unconfirmed {
		out.add(1, f.labels[:3]) // mode, severity and finding
	}
}

func findingCause(f *finding, out *block) {
	if f.CausedBy != "" {
		out.add(1, f.cause)
	}
}

// findingAcknowledged adds what does not count, for as many findings as have series.
func findingAcknowledged(v *view, out *block) {
	counts := map[string]int64{}
	var all []*detect.Acknowledged
	for i := range v.Acknowledgements {
		for j := range v.Acknowledgements[i].Findings {
			one := &v.Acknowledgements[i].Findings[j]
			if _, known := counts[one.ID]; !known && len(all) < mostFindings {
				all = append(all, one)
			}
			counts[one.ID] += one.Count
		}
	}
	for _, one := range all {
		labels := append(v.labels.of(label{labelMode, valid(string(one.Mode))}, label{labelSeverity, valid(string(one.Severity))}, label{labelFinding, valid(one.ID)}),
			v.subject(one.Subject)...)
		out.add(float64(counts[one.ID]), append(labels, v.configured(one.Labels)...))
	}
}
