package detect

import (
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// explains says which modes are only how another one shows: of one subject the
// cause is told and what follows from it is not. This is the one place for it; no
// decision looks at another.
var explains = []struct {
	cause    signal.Mode
	symptoms []signal.Mode
}{
	{signal.ConsumerAbsent, []signal.Mode{signal.BacklogGrowing}},
	{signal.ConsumerStalled, []signal.Mode{signal.BacklogGrowing}},
}

// sayOnlyCauses drops the cases that another one explains.
func sayOnlyCauses(cases map[signal.Mode][]Case) {
	for _, e := range explains {
		causes := cases[e.cause]
		if len(causes) == 0 {
			continue
		}
		for _, symptom := range e.symptoms {
			cases[symptom] = slices.DeleteFunc(cases[symptom], func(c Case) bool {
				return slices.ContainsFunc(causes, func(cause Case) bool { return cause.Subject == c.Subject })
			})
		}
	}
}
