package dialect

// Form is what a value is, apart from how a database writes it. Values of one form have
// one text everywhere, so that they can be compared.
type Form uint8

// The forms of values.
const (
	Text    Form = iota
	Integer      // a whole number
	Number       // compared by value to ten decimals: 19.9 is 19.90
	Binary       // bytes, and UUIDs: hex digits without dashes
	Moment       // to the millisecond
)

// Common is the form in which values of two forms are compared: a UUID stays one where the
// other database keeps it as text, and so does a number.
func Common(a, b Form) Form {
	switch {
	case a == b:
		return a
	case a == Binary || b == Binary:
		return Binary
	case a == Moment || b == Moment:
		return Moment
	default:
		return Number
	}
}

// SameOrder reports whether keys of two forms are sorted alike. Numbers are sorted by value
// and text by its letters, but numbers that one side keeps as text are not sorted by value.
func SameOrder(a, b Form) bool { return (a == Text) == (b == Text) || Common(a, b) == Binary }
