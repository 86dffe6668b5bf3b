package telemetry

import "github.com/lostorder/lostorder/internal/signal"

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

// perSlot makes the series of a metric of outboxes whose relay reads the
// log of the database.
func perSlot(each func(o *outbox, out *block)) func(*view, *block) {
	return perOutbox(func(o *outbox, out *block) {
		if o.LogReader != nil {
			each(o, out)
		}
	})
}

func truth(is bool) signal.Count {
	if is {
		return 1
	}
	return 0
}
