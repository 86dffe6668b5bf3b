package rabbitmq

import (
	"context"
	"regexp"
	"time"

	"github.com/dlclark/regexp2"

	"github.com/lostorder/lostorder/internal/signal"
)

// policy is a policy or an operator policy.
type policy struct {
	VHost      string         `json:"vhost"`
	Pattern    string         `json:"pattern"`
	ApplyTo    string         `json:"apply-to"`
	Priority   int            `json:"priority"`
	Definition map[string]any `json:"definition"`

	match   func(name string) (bool, error)
	unknown bool // whether the pattern matches
}

// policies are those of the watched virtual hosts.
type policies struct{ user, operator []policy }

// readPolicies reads the policies, and reports whether all of them are known.
func (r *reader) readPolicies(ctx context.Context, m *missing) (p policies, known bool) {
	watched := func(p *policy) bool { return r.config.VHosts.Match(p.VHost) }
	if p.user, known = perVHost(ctx, r, m, "policies", "", watched); known {
		p.operator, known = perVHost(ctx, r, m, "operator-policies", "", watched)
	}
	return p, known
}

// matchTimeout bounds a pattern that backtracks. After it the pattern is unknown for all
// queues, so that it costs this time once.
const matchTimeout = 100 * time.Millisecond

// covers reports whether the policy may apply to a queue, by virtual host and type.
func (p *policy) covers(q *queueDefinition) bool {
	if p.VHost != q.VHost {
		return false
	}
	switch p.ApplyTo {
	case "all", "queues", "", q.Type + "_queues", q.Type + "s": // classic_queues, quorum_queues, streams
		return true
	}
	return false
}

// matches reports whether the pattern matches a name, and whether that is known. RabbitMQ
// uses PCRE; RE2 is faster and cannot backtrack, so it is used where it accepts the pattern.
func (p *policy) matches(name string) (matches, known bool) {
	if p.match == nil && !p.unknown {
		p.compile()
	}
	if p.unknown {
		return false, false
	}
	matches, err := p.match(name)
	if err != nil {
		p.unknown = true
	}
	return matches, err == nil
}

func (p *policy) compile() {
	if re2, err := regexp.Compile(p.Pattern); err == nil {
		p.match = func(name string) (bool, error) { return re2.MatchString(name), nil }
		return
	}
	pcre, err := regexp2.Compile(p.Pattern, regexp2.None)
	if err != nil {
		p.unknown = true
		return
	}
	pcre.MatchTimeout = matchTimeout
	p.match = pcre.MatchString
}

// best returns the definition that applies to a queue, the one with the highest priority,
// and whether it is known.
func best(policies []policy, q *queueDefinition) (definition map[string]any, known bool) {
	var chosen *policy
	unknown := false
	highestUnknown := 0
	for i := range policies {
		p := &policies[i]
		if !p.covers(q) {
			continue
		}
		switch matches, known := p.matches(q.Name); {
		case !known && (!unknown || p.Priority > highestUnknown):
			unknown, highestUnknown = true, p.Priority
		case matches && (chosen == nil || p.Priority > chosen.Priority):
			chosen = p
		}
	}
	if unknown && (chosen == nil || chosen.Priority <= highestUnknown) {
		return nil, false
	}
	if chosen == nil {
		return nil, true
	}
	return chosen.Definition, true
}

// effective is the settings of a queue from its arguments, policy and operator policy.
type effective struct {
	arguments        arguments
	policy, operator map[string]any
	known            bool // which policies apply
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
