package detect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// maxListed bounds the partitions, ranges and names that the evidence lists.
const maxListed = 10

// oldestMessageAge is the age of the oldest message that waits; no fact where it is
// unknown.
func oldestMessageAge(age signal.Age, at signal.Instant) signal.Evidence {
	if !age.Known() {
		return nil
	}
	return signal.Evidence{signal.AgeFact("oldest_message_age", age, at)}
}

// connectedConsumers is the number of consumers; no fact where it is unknown.
func connectedConsumers(q *signal.Queue) signal.Evidence {
	if !q.Consumers.Known() {
		return nil
	}
	return signal.Evidence{signal.CountFact("consumers", int64(q.Consumers))}
}

// groupState is the broker's name for the state of the group, where it has one.
func groupState(q *signal.Queue) signal.Evidence {
	if q.GroupState == "" {
		return nil
	}
	return signal.Evidence{signal.TextFact("group_state", q.GroupState)}
}

// position describes where the consumers of a partition are.
func position(p *signal.Partition) string {
	switch {
	case p.Start < 0 && p.Committed >= 0 && p.End >= 0:
		return fmt.Sprintf("%d processed, %d wait", p.Committed, p.Lag())
	case p.End < 0:
		return fmt.Sprintf("partition %d: committed %d, log end not read now", p.ID, p.Committed)
	case p.Committed < 0:
		return fmt.Sprintf("partition %d: never committed, log end %d", p.ID, p.End)
	}
	return fmt.Sprintf("partition %d: committed %d, log end %d", p.ID, p.Committed, p.End)
}

// atMost joins the first texts and counts those that it leaves out.
func atMost(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, "; ")
	}
	return fmt.Sprintf("%s; and %d others", strings.Join(all[:most], "; "), len(all)-most)
}

// appendNew appends a text that is not in the list yet.
func appendNew(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// waiting writes a number of messages with its verb: "1 message waits".
func waiting(n int64) string {
	if n == 1 {
		return "1 message waits"
	}
	return messages(n) + " wait"
}

// messages writes a number of messages.
func messages(n int64) string { return phrase.Count(int(n), "message") }

// orders writes a number of orders; "at least" when it is capped.
func orders(n int64, capped bool) string {
	text := phrase.Count(int(n), "order")
	if capped {
		return "at least " + text
	}
	return text
}

// sentence begins a summary with a capital letter where it does not begin with a name.
func sentence(text string) string {
	if rest, ok := strings.CutPrefix(text, "at least"); ok {
		return "At least" + rest
	}
	return text
}

// verb returns the form for one or for several.
func verb(n int64, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// atStake is what affected orders are worth, in words; no fact where it is unknown.
func atStake(s signal.Stake) signal.Evidence {
	if text := phrase.Stake(s); text != "" {
		return signal.Evidence{signal.TextFact("at_stake", text)}
	}
	return nil
}
