package kafka

// warnShare notes a share group, of which nothing is read.
func (r *reading) warnShare(string) { r.mu.Lock(); r.share++; r.mu.Unlock() }

// warnStreams notes a streams group, of whose members nothing is read.
func (r *reading) warnStreams(string) { r.mu.Lock(); r.streams++; r.mu.Unlock() }
