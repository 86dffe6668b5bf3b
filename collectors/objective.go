package collectors

import (
	"cmp"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// Objective is how long messages may wait. A source adds the patterns that select its
// queues.
type Objective struct {
	MaxAge      config.Duration `yaml:"max_age" min:"1s" doc:"How long a message may wait, and how long consumers may make no progress while messages wait. The default is 5m. For SQS it is 15m, or longer if its metrics are read rarely." example:"5m"`
	AbsentAfter config.Duration `yaml:"absent_after" doc:"How long messages may wait without a consumer. Choose more than a deploy takes. The default is max_age." example:"10m"`
	Labels      Labels          `yaml:"labels" doc:"Labels for the findings about these queues, such as their team. They are added to those of the target, and win." example:"{team: payments}"`
	Severity    string          `yaml:"severity" enum:"critical,warning,info" doc:"The severity of the findings about these queues, instead of critical or warning. What lostorder reports only for the record stays info." example:"warning"`
	DLQ         string          `yaml:"dlq" enum:"needed,none" default:"needed" doc:"Whether the queue needs a dead letter queue. With none, a missing one is not reported."`
}

// Signal returns the objective for a report. maxAge is the default of the source.
func (o Objective) Signal(maxAge time.Duration) signal.Objective {
	maxAge = cmp.Or(time.Duration(o.MaxAge), maxAge)
	return signal.Objective{
		MaxAge:      maxAge,
		AbsentAfter: cmp.Or(time.Duration(o.AbsentAfter), maxAge),
		NoDLQ:       o.DLQ == "none",
		Labels:      signal.Labels(o.Labels),
		Severity:    signal.Severity(o.Severity),
	}
}

// MatchesAny reports whether one of the patterns matches the name, or there is no pattern.
func MatchesAny(patterns []config.Pattern, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p config.Pattern) bool { return p.MatchString(name) })
}
