package notify

import (
	"encoding/json"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// teams writes an adaptive card for a workflow of Microsoft Teams ("When a Teams webhook
// request is received"). All that is due is one card.
type teams struct{ links }

// A text from outside is in a TextRun: unlike a TextBlock, it never becomes a link or
// formatting.
type (
	teamsMessage struct {
		Type        string            `json:"type"`
		Attachments []teamsAttachment `json:"attachments"`
	}
	teamsAttachment struct {
		ContentType string       `json:"contentType"`
		Content     adaptiveCard `json:"content"`
	}
	adaptiveCard struct {
		Schema  string         `json:"$schema"`
		Type    string         `json:"type"`
		Version string         `json:"version"`
		Body    []cardElement  `json:"body"`
		Actions []cardAction   `json:"actions,omitempty"`
		MSTeams map[string]any `json:"msteams"`
	}
	cardElement struct {
		Type    string    `json:"type"`
		Inlines []textRun `json:"inlines"`
		Spacing string    `json:"spacing,omitempty"`
	}
	textRun struct {
		Type   string `json:"type"`
		Text   string `json:"text"`
		Weight string `json:"weight,omitempty"`
		Color  string `json:"color,omitempty"`
		Subtle bool   `json:"isSubtle,omitempty"`
	}
	cardAction struct {
		Type  string `json:"type"`
		Title string `json:"title"`
		URL   string `json:"url"`
	}
)

func (teams) split(notices []notice) [][]notice { return chunks(notices, max(1, len(notices))) }

// largestCard is how many bytes of a message Teams takes: 28 KB.
const largestCard = 28 << 10

func (f teams) body(group []notice, _ string, _ time.Time) (string, any) {
	for longest := longestText; ; longest /= 2 {
		m := f.message(group, longest)
		if text, err := json.Marshal(m); err != nil || len(text) <= largestCard || longest < 100 {
			return jsonType, m
		}
	}
}

// message writes a message whose texts have at most so many bytes each.
func (f teams) message(group []notice, longest int) teamsMessage {
	card := adaptiveCard{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		MSTeams: map[string]any{"width": "Full"},
	}
	line := func(spacing string, run textRun) {
		run.Type, run.Text = "TextRun", cut(run.Text, longest)
		card.Body = append(card.Body, cardElement{Type: "RichTextBlock", Inlines: []textRun{run}, Spacing: spacing})
	}
	if len(group) > 1 {
		line("", textRun{Text: headline(group), Weight: "Bolder"})
	}
	for i := range group[:min(len(group), mostShown)] {
		n := &group[i]
		line("Medium", textRun{Text: sentenceOf(n), Weight: "Bolder", Color: cardColor(n)})
		line("None", textRun{Text: f.facts(n), Subtle: true})
	}
	if more := len(group) - mostShown; more > 0 {
		line("Medium", textRun{Text: "and " + phrase.Count(more, "more finding")})
	}
	open := func(title, address string) {
		if address != "" {
			card.Actions = append(card.Actions, cardAction{"Action.OpenUrl", title, address})
		}
	}
	if len(group) == 1 {
		open("Evidence", f.finding(&group[0].alert))
		open("Runbook", f.runbook(&group[0].alert))
	} else if f.page != "" {
		open("All findings", f.page+"/")
	}
	return teamsMessage{Type: "message", Attachments: []teamsAttachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: card}}}
}

func cardColor(n *notice) string {
	switch {
	case !n.open():
		return "Good"
	case n.Severity == signal.Critical:
		return "Attention"
	case n.Severity == signal.Warning:
		return "Warning"
	}
	return "Default"
}
