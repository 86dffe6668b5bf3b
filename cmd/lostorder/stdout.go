package main

import (
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// wantsColor reports whether w is a terminal whose user has not asked for plain
// text (https://no-color.org).
func wantsColor(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && !strings.EqualFold(os.Getenv("TERM"), "dumb")
}

// isTerminal reports whether w is a terminal, and not a pipe or a file.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
