package notify

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// mostShown is how many findings a message for a chat shows.
const mostShown = 10

// slack writes a message for an incoming webhook of Slack. All that is due is one message.
type slack struct{ links }

type slackMessage struct {
	Text        string            `json:"text"` // for notifications of the system
	Attachments []slackAttachment `json:"attachments"`
}

type slackAttachment struct {
	Color  string       `json:"color"`
	Blocks []slackBlock `json:"blocks"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func (slack) split(notices []notice) [][]notice { return chunks(notices, max(1, len(notices))) }

func (f slack) body(group []notice, _ string, _ time.Time) (string, any) {
	m := slackMessage{Text: slackEscape(headline(group), longestText)}
	for i := range group[:min(len(group), mostShown)] {
		n := &group[i]
		title := "*" + slackEscape(sentenceOf(n), longestText) + "*"
		m.Attachments = append(m.Attachments, slackAttachment{Color: colorOf(n), Blocks: []slackBlock{
			{Type: "section", Text: &slackText{"mrkdwn", title}},
			{Type: "context", Elements: []slackText{{"mrkdwn", slackEscape(f.facts(n), longestText) + f.slackLinks(n)}}},
		}})
	}
	if more := len(group) - mostShown; more > 0 {
		m.Attachments = append(m.Attachments, slackAttachment{Color: grey, Blocks: []slackBlock{
			{Type: "section", Text: &slackText{"mrkdwn", f.more(more)}},
		}})
	}
	return jsonType, m
}

func (f slack) more(n int) string {
	text := "and " + phrase.Count(n, "more finding")
	if f.page != "" {
		text += ": <" + slackEscape(f.page+"/", longestText) + "|all findings>"
	}
	return text
}

func (f slack) slackLinks(n *notice) string {
	text := ""
	if page := f.finding(&n.alert); page != "" {
		text += " · <" + slackEscape(page, longestText) + "|Evidence>"
	}
	return text + " · <" + slackEscape(f.runbook(&n.alert), longestText) + "|Runbook>"
}

const (
	// longestText is how many bytes of a text a chat is sent: Slack refuses more than 3,000.
	longestText = 2000

	red, orange, blue, green, grey = "#d55e00", "#e69f00", "#0072b2", "#16703a", "#6b7280"
)

func colorOf(n *notice) string {
	switch {
	case !n.open():
		return green
	case n.Severity == signal.Critical:
		return red
	case n.Severity == signal.Warning:
		return orange
	}
	return blue
}

var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "∗", "`", "ˋ")

// slackEscape makes a text safe for Slack: it is no link, mention or formatting. Escaped, it is
// not longer than most.
func slackEscape(text string, most int) string {
	for keep := most; ; keep = keep * 3 / 4 {
		if escaped := slackEscapes.Replace(cut(text, keep)); len(escaped) <= most+len("…") {
			return escaped
		}
	}
}

// cut shortens a text.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// headline says in one line what is sent: what the open findings do to orders, what these are
// worth, and since when.
func headline(group []notice) string {
	if len(group) == 1 {
		return sentenceOf(&group[0])
	}
	var open []signal.Finding
	var first *notice
	for i := range group {
		if n := &group[i]; n.open() {
			first = cmp.Or(first, n)
			open = append(open, signal.Finding{
				Mode: n.Mode, Count: n.Count, AtStake: n.AtStake, Since: n.Since,
				Subject: signal.Subject{Database: n.Labels["database"], Lifecycle: n.Labels["lifecycle"]},
			})
		}
	}
	closed := len(group) - len(open)
	if len(open) == 0 {
		return phrase.Count(closed, "finding") + " closed"
	}
	counts := phrase.Count(len(open), "finding")
	if closed > 0 {
		counts += ", " + strconv.Itoa(closed) + " closed"
	}
	harm := phrase.Harm(open)
	if harm == "" {
		return counts + ": " + sentenceOf(first)
	}
	return harm + ", oldest since " + momentOf(phrase.Oldest(open)) + " (" + counts + ")"
}

// sentenceOf is the summary of a notice, or that it closed.
func sentenceOf(n *notice) string {
	if n.open() {
		return n.sentence()
	}
	return "Closed after " + phrase.Ago(n.Closed.Sub(n.Since)) + ": " + n.Summary
}

// momentOf writes a time for readers in any zone.
func momentOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// facts are the rest of a notice in one line.
func (l links) facts(n *notice) string {
	parts := []string{string(n.Severity)}
	if n.Mode != "" {
		parts = append(parts, string(n.Mode), n.Subject)
	}
	parts = append(parts, "since "+momentOf(n.Since))
	if n.Count > 0 {
		parts = append(parts, fmt.Sprint(n.Count)+" affected")
	}
	if len(n.Orders) > 0 {
		parts = append(parts, "orders "+strings.Join(n.Orders, ", "))
	}
	if news := n.news(); news != "" {
		parts = append(parts, news)
	}
	return strings.Join(parts, " · ")
}
