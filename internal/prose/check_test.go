package prose_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/prose"
)

func TestCheckReportsWordsThatTheGlossaryReplaces(t *testing.T) {
	for text, want := range map[string]string{
		"A topic made anew is ignored.":                              "again",
		"What an operator should mend.":                              `"fix"`,
		"messages at the end of which the consumer dies":             "of which",
		"Nobody reads the queue.":                                    "consumer",
		"It is told one max_age later.":                              "report",
		strings.Repeat("word ", prose.LongestSentence) + "too many.": "make it two",
	} {
		problems := prose.Check(text)
		if len(problems) == 0 || !strings.Contains(problems[0].Text, want) {
			t.Errorf("%q: got %v, want a problem with %q", text, problems, want)
		}
	}
}

func TestCheckLeavesCodeAndPlainSentencesAlone(t *testing.T) {
	for name, text := range map[string]string{
		"a plain sentence":    "Partition 3 has not moved for 6 minutes.",
		"a span of code":      "Run `mend --of-which nobody`.",
		"a fenced block":      "```\nanew nobody mend\n```",
		"an indented block":   "Run:\n\n\tmend anew\n\tmend apiece\n",
		"an address":          "See [here](https://example.com/anew).",
		"two short sentences": strings.Repeat("word ", 30) + "end. " + strings.Repeat("word ", 30) + "end.",
		"a table of cells":    "| " + strings.Repeat("word ", 30) + "| " + strings.Repeat("word ", 30) + "|",
	} {
		if problems := prose.Check(text); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestCheckNamesTheLine(t *testing.T) {
	problems := prose.Check("Fine.\n\nStill fine.\nBegins anew.")
	if len(problems) != 1 || problems[0].Line != 4 {
		t.Errorf("got %v, want one problem in line 4", problems)
	}
}
