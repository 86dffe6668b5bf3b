package kafka

import "github.com/lostorder/lostorder/collectors"

// Remembered returns how many names of topics and groups the reader keeps.
func Remembered(c collectors.Reader) int {
	h := c.(*reader).history
	return len(h.topics) + len(h.queues) + len(h.beyondEnd) + len(h.writes) + len(h.denied) + len(h.descriptions)
}

// ForgetAfter is for how many readings the reader keeps what it no longer sees.
const ForgetAfter = forgetAfter
