package telemetry

// perOutbox makes the series of a metric of outboxes.
func perOutbox(each func(o *outbox, out *block)) func(*view, *block) {
	return func(v *view, out *block) {
		for i := range v.outboxes.all {
			each(&v.outboxes.all[i], out)
		}
	}
}

// perState makes the series of a metric of the states of lifecycles.
func perState(each func(s *state, out *block)) func(*view, *block) {
	return func(v *view, out *block) {
		for i := range v.states.all {
			each(&v.states.all[i], out)
		}
	}
}
