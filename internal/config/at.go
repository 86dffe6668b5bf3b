package config

import (
	"errors"
	"fmt"
)

// At is an error about one field, for use in Validate. The path is relative to
// the struct being validated: "columns.created_at", "dlq[0]" or
// "states.placed.next[1]". The loader adds file, line and column: those of the
// field, or of its nearest parent in the file when the field is absent. The
// format is that of fmt.Errorf.
func At(path, format string, args ...any) error {
	return &fieldError{path: path, err: fmt.Errorf(format, args...)}
}

type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string { return e.path + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// split takes apart what Validate returned: errors.Join, one error, or an error
// that wraps one made by At.
func split(err error) []*fieldError {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*fieldError
		for _, e := range joined.Unwrap() {
			all = append(all, split(e)...)
		}
		return all
	}
	var at *fieldError
	if !errors.As(err, &at) {
		return []*fieldError{{err: err}}
	}
	if at == err { //nolint:errorlint // identity is the question: is it wrapped
		return []*fieldError{at}
	}
	return []*fieldError{{path: at.path, err: err}}
}
