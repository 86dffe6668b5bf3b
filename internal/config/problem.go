package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a file.
type Problem struct {
	File string // as it was given on the command line
	Line int    // from 1; 0 when the mistake has no line, as for a file that does not exist
	Col  int    // from 1, in characters; 0 when unknown
	Path string // "kafka[0].brokers"; "" when the mistake is about the file
	Msg  string // what is wrong; what is allowed or what to do
}

// Error reads "lostorder.yml:12:5: kafka[0].brokers: what is wrong; what to do".
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Col > 0 {
			fmt.Fprintf(&b, ":%d", p.Col)
		}
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Msg)
	return b.String()
}

// Errors is every mistake, in the order of the files and of their lines. It is never empty.
type Errors []Problem

// Error gives one line to each problem.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Places returns the problems without their messages, which may repeat values of the
// file.
func (e Errors) Places() Errors {
	places := make(Errors, len(e))
	for i, p := range e {
		p.Msg = "not valid; the log and lostorder --config.check say why"
		places[i] = p
	}
	return places
}

// Unwrap lets errors.As find a [Problem].
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, p := range e {
		errs[i] = p
	}
	return errs
}

// asError sorts the problems by position and drops duplicates, which an aliased block or a
// promoted Validate causes.
func asError(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	seen := make(map[Problem]bool, len(problems))
	var errs Errors
	for _, p := range problems {
		if !seen[p] {
			seen[p] = true
			errs = append(errs, p)
		}
	}
	return errs
}
