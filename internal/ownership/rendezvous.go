package ownership

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/lostorder/lostorder/internal/signal"
)

// Owner returns the member that owns a target: the one with the highest weight for it, ""
// without members. When a member leaves, only its targets change their owner, and a new
// member takes over only what it owns then. The order of the members is of no importance.
func Owner(id signal.TargetID, members []string) (owner string) {
	var highest uint64
	for _, member := range members {
		w := weight(member, id)
		if owner == "" || w > highest || w == highest && member < owner {
			owner, highest = member, w
		}
	}
	return owner
}

// weight is a number that differs between members and targets as if it were drawn. It must
// be the same in every process and version, so it is no hash of Go's own.
func weight(member string, id signal.TargetID) uint64 {
	h := sha256.New()
	for _, part := range []string{member, id.Collector, id.Target} {
		var length [4]byte
		binary.BigEndian.PutUint32(length[:], uint32(len(part))) //nolint:gosec // names are short
		_, _ = h.Write(length[:])                                // a hash never fails to write
		_, _ = h.Write([]byte(part))
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}
