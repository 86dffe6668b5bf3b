package telemetry

import "github.com/lostorder/lostorder/internal/watch"

func stateUp(v *view, out *block) {
	switch {
	case v.memory == nil:
	case v.memory.Err == nil:
		out.add(1, nil)
	default:
		out.add(0, nil)
	}
}

func stateLastWrite(v *view, out *block) {
	if v.memory != nil && !v.memory.LastWrite.IsZero() {
		out.add(float64(v.memory.LastWrite.UnixMilli())/1000, nil)
	}
}

func stateFailures(v *view, out *block) {
	if v.memory != nil {
		out.add(float64(v.memory.Failures), nil)
	}
}

func stateBytes(v *view, out *block) {
	if v.memory != nil {
		out.add(float64(v.memory.Bytes), nil)
	}
}

func stateDropped(v *view, out *block) {
	if v.memory == nil {
		return
	}
	for _, reason := range watch.Reasons() {
		out.add(float64(v.memory.Dropped[reason]), v.labels.of(label{labelReason, string(reason)}))
	}
}
