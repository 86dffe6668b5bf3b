package collectortest

import (
	"bytes"
	"runtime/pprof"
	"strings"
)

// label labels the goroutine of the collector under test. Goroutines inherit the label,
// which separates those of the collector from those of a server in the same process.
const label = "collectortest"

// left returns the stacks of the goroutines with the label, "" when all have ended.
func left(mark string) string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return err.Error()
	}
	var stacks []string
	for stack := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(stack, `"`+label+`":"`+mark+`"`) {
			stacks = append(stacks, stack)
		}
	}
	return strings.Join(stacks, "\n\n")
}
