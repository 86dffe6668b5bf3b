package state

// SetMaxPages bounds the file until the end of a test.
func SetMaxPages(n int) (restore func()) {
	old := maxPages
	maxPages = n
	return func() { maxPages = old }
}
