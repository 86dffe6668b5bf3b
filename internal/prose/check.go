package prose

import (
	"fmt"
	"regexp"
	"strings"
)

// LongestSentence is the number of words above which a sentence is reported.
const LongestSentence = 40

// Problem is one passage to rewrite.
type Problem struct {
	Line int    // in the text, from 1
	Text string // what is wrong and what to write instead
}

// Check returns what is wrong with a text, in order of lines. Code is left out:
// fenced blocks, spans in backquotes, links' addresses and tables' rules.
func Check(text string) []Problem {
	var problems []Problem
	lines := blankCode(strings.Split(text, "\n"))
	for i, line := range lines {
		for _, r := range rules {
			if found := r.pattern.FindString(line); found != "" {
				problems = append(problems, Problem{i + 1, fmt.Sprintf("%q: write %s", strings.TrimSpace(found), r.instead)})
			}
		}
	}
	return append(problems, longSentences(lines)...)
}

// CheckSentence is Check for a text that is not Markdown: a log message, an error, the
// description of a config key.
func CheckSentence(text string) []Problem {
	return Check(strings.ReplaceAll(text, "\n", " "))
}

var (
	codeSpan = regexp.MustCompile("`[^`]*`")
	address  = regexp.MustCompile(`\]\([^)]*\)|https?://\S+`)
)

// blankCode replaces code by a placeholder, so that line numbers stay.
func blankCode(lines []string) []string {
	out := make([]string, len(lines))
	fenced, indented, blank := false, false, false
	for i, line := range lines {
		code := strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")
		indented = code && (indented || blank)
		blank = strings.TrimSpace(line) == ""
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if fenced || indented {
			continue
		}
		out[i] = address.ReplaceAllString(codeSpan.ReplaceAllString(line, "CODE"), "]")
	}
	return out
}

var endOfSentence = regexp.MustCompile(`[.!?:;](["')\]*_]*)(\s|$)`)

// longSentences reports sentences of more than LongestSentence words. A list item, a
// cell of a table and a heading are paragraphs of their own.
func longSentences(lines []string) []Problem {
	var problems []Problem
	var paragraph []string
	begin := 0
	flush := func() {
		for sentence := range strings.SplitSeq(endOfSentence.ReplaceAllString(strings.Join(paragraph, " "), "$1\x00"), "\x00") {
			if n := len(strings.Fields(sentence)); n > LongestSentence {
				words := strings.Fields(sentence)
				problems = append(problems, Problem{begin, fmt.Sprintf("a sentence of %d words (%q): make it two", n, strings.Join(words[:6], " ")+" …")})
			}
		}
		paragraph = paragraph[:0]
	}
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
			flush()
			continue
		case strings.HasPrefix(trimmed, "|"):
			flush()
			for cell := range strings.SplitSeq(strings.ReplaceAll(trimmed, "<br>", "|"), "|") {
				begin, paragraph = i+1, append(paragraph, cell)
				flush()
			}
			continue
		case strings.HasPrefix(trimmed, "- "), strings.HasPrefix(trimmed, "* "), strings.HasPrefix(trimmed, "#"), numbered.MatchString(trimmed):
			flush()
		}
		if len(paragraph) == 0 {
			begin = i + 1
		}
		paragraph = append(paragraph, trimmed)
	}
	flush()
	return problems
}

var numbered = regexp.MustCompile(`^\d+\. `)
