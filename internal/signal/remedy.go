package signal

import (
	"slices"
	"strings"
)

// Remedy is what to do about an error or a warning. An error carries it beside its text, so
// that no code has to find it in a sentence.
type Remedy struct {
	Kind RemedyKind
	Lead string // introduces Text in the sentence of the error: "run as the owner: "
	Text string // to be pasted as it is
	For  string // what fails without it; several, separated by commas
	Why  string // what is wrong without it, where that is more than the error
}

// RemedyKind says what kind of thing a remedy is.
type RemedyKind string

// The kinds of remedies.
const (
	RemedyGrant   RemedyKind = "grant"   // a right to read
	RemedyConnect RemedyKind = "connect" // a right to connect at all
	RemedyIndex   RemedyKind = "index"   // an index to create
	RemedySetting RemedyKind = "setting" // a setting of the server to change
)

// String is the remedy as the end of a sentence, after what is wrong; empty when there is
// none.
func (r Remedy) String() string {
	if r.Text == "" {
		return ""
	}
	return "; " + r.Lead + r.Text
}

// Remedies lists the remedies that the errors in a tree carry, each text once.
func Remedies(err error) (all []Remedy) {
	if e, ok := err.(interface{ Remedy() Remedy }); ok { //nolint:errorlint // the whole tree is visited
		if r := e.Remedy(); r.Text != "" {
			all = append(all, r)
		}
	}
	switch e := err.(type) { //nolint:errorlint // the whole tree is visited
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = MergeRemedies(all, Remedies(one))
		}
	case interface{ Unwrap() error }:
		all = MergeRemedies(all, Remedies(e.Unwrap()))
	}
	return all
}

// MergeRemedies adds remedies to others. One that is there already is for more things then.
func MergeRemedies(all, more []Remedy) []Remedy {
	for _, r := range more {
		i := slices.IndexFunc(all, func(other Remedy) bool { return other.Text == r.Text })
		if i < 0 {
			all = append(all, r)
			continue
		}
		known := strings.Split(all[i].For, ", ")
		for purpose := range strings.SplitSeq(r.For, ", ") {
			if !slices.Contains(known, purpose) {
				known = append(known, purpose)
			}
		}
		all[i].For = strings.Join(known, ", ")
	}
	return all
}

// WithoutRemedies takes remedies out of the text of an error that ends with them, for a
// surface that lists them by themselves.
func WithoutRemedies(text string, remedies []Remedy) string {
	for _, r := range remedies {
		text = strings.ReplaceAll(text, r.String()+" ", "; ") // a statement ends with the semicolon of the sentence
		text = strings.ReplaceAll(text, r.String(), "")
	}
	return text
}
