package privacy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/signal"
)

// shortestInText is the length of an id below which a text is not searched for it:
// "7" is in every second sentence.
const shortestInText = 3

// id hashes an id of a report and remembers it for the texts of that report.
func (v *Veil) id(id string) string {
	if len(id) >= shortestInText {
		v.seen[id] = true
	}
	return v.ID(id)
}

// texts hashes the ids that the error and the warnings of a report name.
func (v *Veil) texts(r *signal.Report) {
	if len(v.seen) > 0 {
		ids := slices.Collect(maps.Keys(v.seen))
		// The longest first, or a part of an id would break up the whole.
		slices.SortFunc(ids, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
		r.Warnings = slices.Clone(r.Warnings)
		for i := range r.Warnings {
			r.Warnings[i] = v.text(r.Warnings[i], ids)
		}
		if r.Err != nil {
			r.Err = hashed{v.text(r.Err.Error(), ids), r.Err}
		}
	}
}

// text hashes ids where they stand as words of their own.
func (v *Veil) text(text string, ids []string) string {
	for _, id := range ids {
		if !strings.Contains(text, id) {
			continue
		}
		var out strings.Builder
		rest := text
		for {
			before, after, found := strings.Cut(rest, id)
			out.WriteString(before)
			if !found {
				break
			}
			left, _ := utf8.DecodeLastRuneInString(before)
			right, _ := utf8.DecodeRuneInString(after)
			if isWord(left) || isWord(right) {
				out.WriteString(id)
			} else {
				out.WriteString(v.ID(id))
			}
			rest = after
		}
		text = out.String()
	}
	return text
}

func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// hashed is an error whose text names no order.
type hashed struct {
	text string
	err  error
}

func (h hashed) Error() string { return h.text }
func (h hashed) Unwrap() error { return h.err }
