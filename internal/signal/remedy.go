package signal

// Remedy is what to do about an error or a warning. It stands beside the sentence that
// names the problem, so that nobody has to find it in the text.
type Remedy struct {
	Kind RemedyKind
	Lead string // introduces Text in a sentence: "run as the owner: "
	Text string // to be pasted as it is
}

// RemedyKind says what kind of thing a remedy is.
type RemedyKind string

// The kinds of remedies.
const (
	RemedyGrant   RemedyKind = "grant"   // a right to give
	RemedyIndex   RemedyKind = "index"   // an index to create
	RemedySetting RemedyKind = "setting" // a setting to change
)

// String is the remedy as the end of a sentence; empty when there is none.
func (r Remedy) String() string { return r.Lead + r.Text }
