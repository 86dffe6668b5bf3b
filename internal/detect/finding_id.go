package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// findingID returns the id of a finding: a hash of its mode, target and subject, each
// with its name.
//
// The id depends on nothing else, so that it is the same after a restart, on another
// replica, and when the same subject fails again. DetectedAt distinguishes two findings
// with one id. A moment of the watched system, such as the time of the oldest row, is not
// part of it: the oldest row can leave while the finding is open, and the id would then
// change at a restart.
func findingID(key caseKey) string {
	h := sha256.New()
	for _, field := range [...]struct{ name, value string }{
		{"mode", string(key.mode)},
		{"collector", key.target.Collector},
		{"target", key.target.Target},
		{"messaging_system", string(key.subject.System)},
		{"cluster", key.subject.Cluster},
		{"messaging_destination_name", key.subject.Destination},
		{"messaging_consumer_group_name", key.subject.Group},
		{"database", key.subject.Database},
		{"outbox", key.subject.Outbox},
		{"lifecycle", key.subject.Lifecycle},
		{"state", key.subject.State},
		{"check", key.subject.Check},
	} {
		// The length keeps two fields apart whose texts would join to the same one.
		_, _ = fmt.Fprintf(h, "%s=%d:%s\n", field.name, len(field.value), field.value) // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
