package web_test

import (
	"net/http"
	"runtime"
)

// counter counts what is written to it.
type counter struct {
	header         http.Header
	bytes, largest int
}

func (c *counter) Header() http.Header {
	if c.header == nil {
		c.header = http.Header{}
	}
	return c.header
}

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += len(p)
	c.largest = max(c.largest, len(p))
	return len(p), nil
}

func (*counter) WriteHeader(int) {}

// allocated is how much was ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
