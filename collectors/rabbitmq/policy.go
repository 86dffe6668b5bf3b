package rabbitmq

import (
	"regexp"

	"github.com/lostorder/lostorder/internal/signal"
)

// policy is a policy or an operator policy.
type policy struct {
	VHost      string         `json:"vhost"`
	Pattern    string         `json:"pattern"`
	ApplyTo    string         `json:"apply-to"`
	Priority   int            `json:"priority"`
	Definition map[string]any `json:"definition"`

	expression *regexp.Regexp
	refused    bool
}

// applies reports whether the policy applies to a queue.
func (p *policy) applies(q *queueDefinition) bool {
	if p.VHost != q.VHost || p.refused {
		return false
	}
	switch p.ApplyTo {
	case "all", "queues", "":
	case q.Type + "_queues", q.Type + "s": // classic_queues, quorum_queues, streams
	default:
		return false
	}
	if p.expression == nil {
		var err error
		// The broker's expressions are PCRE; what RE2 cannot say holds for no queue here.
		if p.expression, err = regexp.Compile(p.Pattern); err != nil {
			p.refused = true
			return false
		}
	}
	return p.expression.MatchString(q.Name)
}

// best returns the definition that applies to a queue: the one with the highest priority.
func best(policies []policy, q *queueDefinition) map[string]any {
	var chosen *policy
	for i := range policies {
		p := &policies[i]
		if p.applies(q) && (chosen == nil || p.Priority > chosen.Priority) {
			chosen = p
		}
	}
	if chosen == nil {
		return nil
	}
	return chosen.Definition
}

// effective is the settings of a queue from its arguments, policy and operator policy.
type effective struct {
	arguments        arguments
	policy, operator map[string]any
}

// least returns the smallest of the limits, as the broker does.
func (e *effective) least(argument, key string) signal.Count {
	least := signal.Count(signal.Unknown)
	for _, value := range []any{e.arguments[argument], e.policy[key], e.operator[key]} {
		if n, ok := value.(float64); ok {
			if limit := countOf(n); limit.Known() && (!least.Known() || limit < least) {
				least = limit
			}
		}
	}
	return least
}

// deliveries returns the delivery limit; a negative value means no limit.
func (e *effective) deliveries(limit signal.Count) signal.Count {
	if given := e.least("x-delivery-limit", "delivery-limit"); given.Known() {
		return given
	}
	for _, value := range []any{e.arguments["x-delivery-limit"], e.policy["delivery-limit"], e.operator["delivery-limit"]} {
		if _, ok := value.(float64); ok {
			return signal.Unknown
		}
	}
	return limit
}

// text returns a setting: from the argument, else the operator policy, else the policy.
func (e *effective) text(argument, key string) string {
	text, _ := e.lookup(argument, key)
	return text
}

func (e *effective) lookup(argument, key string) (string, bool) {
	for _, value := range []any{e.arguments[argument], e.operator[key], e.policy[key]} {
		if text, ok := value.(string); ok {
			return text, true
		}
	}
	return "", false
}
