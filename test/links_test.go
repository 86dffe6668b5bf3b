package test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// ours is the beginning of a public link to a file of this project.
	ours    = "https://github.com/lostorder/lostorder/blob/main/"
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *$`)
	target  = regexp.MustCompile(`<a (?:id|name)="([^"]+)">`)
	// unslugged are the characters that GitHub leaves out of an anchor.
	unslugged = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// checkLinks checks that each link to this repository leads to a file or folder and, with an
// anchor, to a heading in it.
func checkLinks(t *testing.T, path, text string) {
	t.Helper()
	for _, found := range link.FindAllStringSubmatch(withoutCode(text), -1) {
		page, anchor, _ := strings.Cut(found[1], "#")
		switch {
		case strings.HasPrefix(page, ours):
			page = filepath.Join("..", strings.TrimPrefix(page, ours))
		case strings.Contains(page, "://"):
			continue
		case page == "":
			page = path
		default:
			page = filepath.Join(filepath.Dir(path), page)
		}
		switch {
		case !exists(page):
			t.Errorf("%s: the link %s leads nowhere", path, found[1])
		case anchor != "" && !slices.Contains(anchors(read(t, page)), anchor):
			t.Errorf("%s: the link %s leads to no heading; there are %s", path, found[1], strings.Join(anchors(read(t, page)), " "))
		}
	}
}

// anchors returns the anchors that GitHub generates for a page.
func anchors(text string) []string {
	text = withoutCode(text)
	var all []string
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		title := link.ReplaceAllString(found[1], "")
		slug := strings.ReplaceAll(unslugged.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
		all = append(all, slug)
	}
	for _, found := range target.FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	return all
}

// withoutCode removes code blocks, where # starts a comment and brackets are not links.
func withoutCode(text string) string { return fence.ReplaceAllString(text, "") }

func TestAnchors(t *testing.T) {
	for title, want := range map[string]string{
		"## How it scales, and what it costs": "how-it-scales-and-what-it-costs",
		"# Are we losing orders?":             "are-we-losing-orders",
		"### `kafka[].sasl`":                  "kafkasasl",
		"## See [Kafka](kafka.md) – again":    "see-kafka--again",
		"#not a heading":                      "",
		"```sh\n# a comment\n```":             "",
		`<a id="here"></a>`:                   "here",
	} {
		if got := strings.Join(anchors(title+"\n"), " "); got != want {
			t.Errorf("%s: %q, not %q", title, got, want)
		}
	}
}
