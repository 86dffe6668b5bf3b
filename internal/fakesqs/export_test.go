package fakesqs

// Remembered is how much is kept of a queue beside its messages.
func (s *Server) Remembered(name string) (periods, ids int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, counts := range s.queues[name].tally {
		periods = max(periods, len(counts))
	}
	return periods, len(s.queues[name].seen)
}
