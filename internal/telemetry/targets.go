package telemetry

import (
	dto "github.com/prometheus/client_model/go"

	"github.com/lostorder/lostorder/internal/watch"
)

// perTarget makes the series of a metric of targets. What was not yet tried or
// read has no series; only up is always there.
func perTarget(each func(v *view, t *watch.Target, labels []*dto.LabelPair, out *block)) func(*view, *block) {
	return func(v *view, out *block) {
		for i := range v.Targets {
			t := &v.Targets[i]
			each(v, t, v.labels.of(label{labelCollector, valid(t.ID.Collector)}, label{labelTarget, valid(t.ID.Target)}), out)
		}
	}
}

func targetUp(_ *view, t *watch.Target, labels []*dto.LabelPair, out *block) {
	up := 0.0
	if t.Up {
		up = 1
	}
	out.add(up, labels)
}

func targetInfo(v *view, t *watch.Target, labels []*dto.LabelPair, out *block) {
	out.add(1, append(labels, v.configured(t.Labels)...))
}

func targetDuration(_ *view, t *watch.Target, labels []*dto.LabelPair, out *block) {
	if !t.Attempt.IsZero() {
		out.add(t.Took.Seconds(), labels)
	}
}

func targetInterval(_ *view, t *watch.Target, labels []*dto.LabelPair, out *block) {
	out.objective(t.Interval, labels)
}

func targetSuccess(_ *view, t *watch.Target, labels []*dto.LabelPair, out *block) {
	if !t.Success.IsZero() {
		out.add(float64(t.Success.UnixMilli())/1000, labels)
	}
}

func targetReadingAge(v *view, t *watch.Target, labels []*dto.LabelPair, out *block) {
	if t.Reading != nil {
		out.add(max(0, v.now.Sub(t.Reading.At).Seconds()), labels)
	}
}

func targetWarnings(_ *view, t *watch.Target, labels []*dto.LabelPair, out *block) {
	if t.Reading != nil {
		out.add(float64(len(t.Reading.Warnings)), labels)
	}
}

func statusPage(v *view, out *block) {
	out.add(1, v.labels.of(label{labelExternal, valid(v.show.external)}))
}

func duplicateSubjects(v *view, out *block) { out.add(float64(v.duplicates), nil) }
