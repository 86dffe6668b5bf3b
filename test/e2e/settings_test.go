//go:build integration

package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settings is a config file under construction: entries by section.
type settings map[string][]string

// add adds an entry to a section, one key on each line.
func (s settings) add(section string, lines ...string) {
	s[section] = append(s[section], "  - "+strings.Join(lines, "\n    ")+"\n")
}

func (s settings) String() string {
	var b strings.Builder
	for _, section := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&b, "%s:\n%s", section, strings.Join(s[section], ""))
	}
	return b.String()
}

// schedule is how often a target of the tests is read.
func schedule() string { return fmt.Sprintf("interval: %s\n    timeout: 20s", interval) }

// kafkaCluster watches the topics and groups of one test.
func (s settings) kafkaCluster(addr, prefix string, lines ...string) {
	s.add("kafka", append([]string{
		"name: main",
		fmt.Sprintf("brokers: [%q]", addr),
		fmt.Sprintf("topics: {include: [%q]}", prefix+".*"),
		fmt.Sprintf("groups: {include: [%q]}", prefix+".*"),
		"order_id: key",
		schedule(),
	}, lines...)...)
}

func objectives(maxAge, absentAfter fmt.Stringer) string {
	return fmt.Sprintf("objectives: [{max_age: %s, absent_after: %s}]", maxAge, absentAfter)
}
