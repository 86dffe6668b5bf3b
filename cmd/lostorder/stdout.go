package main

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"

	"github.com/lostorder/lostorder/internal/terminal"
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

// widthOf returns how many columns w has; 0 where that is unknown, or w is no terminal.
func widthOf(w io.Writer) int {
	if !isTerminal(w) {
		return 0
	}
	columns, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// style is how a command writes to w.
func style(w io.Writer) terminal.Style {
	return terminal.Style{Color: wantsColor(w), Now: time.Now(), Columns: widthOf(w), Whole: !isTerminal(w)}
}
