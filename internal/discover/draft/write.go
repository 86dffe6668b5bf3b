package draft

import (
	"strings"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/phrase"
)

// width is how long a line of comments is at most.
const width = 110

// String writes the file.
func (d *Document) String() string {
	var w writer
	w.comment("", d.Head...)
	for i := range d.Sections {
		w.section(&d.Sections[i])
	}
	if len(d.Tail) > 0 {
		w.line("")
		w.comment("", d.Tail...)
	}
	return w.text.String()
}

type writer struct{ text strings.Builder }

func (w *writer) line(text string) { w.text.WriteString(strings.TrimRight(text, " ") + "\n") }

// comment writes paragraphs. One that begins with a blank is code and is not wrapped.
func (w *writer) comment(indent string, paragraphs ...string) {
	for _, p := range paragraphs {
		for text := range strings.SplitSeq(p, "\n") {
			if strings.HasPrefix(text, " ") || text == "" {
				w.line(indent + "# " + clean(text))
				continue
			}
			for _, part := range phrase.Wrap(clean(text), width-len(indent)-2) {
				w.line(indent + "# " + part)
			}
		}
	}
}

// clean removes what could end a comment or confuse a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return ' '
		}
		return r
	}, text)
}

func (w *writer) section(s *Section) {
	if len(s.Entries) == 0 && len(s.Notes) == 0 {
		return
	}
	w.line("")
	w.comment("", s.Notes...)
	if len(s.Entries) == 0 {
		w.line("# " + s.Key + ":")
		return
	}
	w.line(s.Key + ":")
	for i, e := range s.Entries {
		if i > 0 {
			w.line("")
		}
		w.entry(e)
	}
}

func (w *writer) entry(e *Entry) {
	w.comment("  ", e.Why...)
	lines := append([]Line{{Key: "name", Value: e.Name}}, e.Lines...)
	if e.Off == "" {
		w.lines("    ", "  - ", lines)
		return
	}
	w.comment("  ", "Not used: "+e.Off)
	w.lines("  #   ", "  # - ", lines)
}

// lines writes keys. The first one has another indent, that of a list item.
func (w *writer) lines(indent, first string, lines []Line) {
	for i, l := range lines {
		at := indent
		if i == 0 {
			at = first
		}
		if l.Off && !strings.Contains(at, "#") {
			at += "# "
		}
		text := at + key(l.Key) + ":"
		if l.Lines == nil && l.Items == nil {
			text += " " + flow(l.Value)
		}
		switch note := clean(l.Note); {
		case note == "":
		case utf8.RuneCountInString(text)+utf8.RuneCountInString(note)+3 <= width+10:
			text += " # " + note
		case i == 0 && first != indent: // nothing may stand between the dash and the first key
			for _, part := range phrase.Wrap(note, width-len(first)-2) {
				w.line(strings.TrimSuffix(first, "- ") + "# " + part)
			}
		default:
			for _, part := range phrase.Wrap(note, width-len(indent)-2) {
				w.line(indent + "# " + part)
			}
		}
		w.line(text)
		below := indent + "  "
		if l.Off {
			below = indent + "#   "
		}
		if l.Lines != nil {
			w.lines(below, below, l.Lines)
		}
		for _, item := range l.Items {
			w.lines(below+"  ", below+"- ", item)
		}
	}
}
