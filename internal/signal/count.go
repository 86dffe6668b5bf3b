package signal

// Count is a number of messages, rows or consumers, or a counter that only
// grows. Unknown is not zero: what a source could not read is Unknown, and no series
// is exported for it.
type Count int64

// Unknown is a count or an offset that was not read.
const Unknown = -1

// Known reports whether the count was read.
func (c Count) Known() bool { return c >= 0 }

// Add returns the sum of two counts. An unknown count adds nothing, and the sum is
// unknown when both are.
func (c Count) Add(other Count) Count {
	switch {
	case !c.Known():
		return other
	case !other.Known():
		return c
	default:
		return c + other
	}
}
