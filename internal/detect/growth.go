package detect

// Grew reports whether the growth of an open finding is an event of its own: it affects at
// least twice as many as when that was last reported. So a finding that grows from one order
// to a million is reported twenty times, and not at each reading.
func Grew(before, now int64) bool { return now > before && now >= 2*before }
