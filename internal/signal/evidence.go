package signal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fact is one piece of evidence: a name in snake_case and a typed value.
type Fact struct {
	Name  string
	Value Value
}

// ValueKind says what a value is.
type ValueKind uint8

// The kinds of values.
const (
	TextValue     ValueKind = iota // words
	CountValue                     // a number of messages, rows or orders
	DurationValue                  // a length of time
	MomentValue                    // a point in time
	RateValue                      // a number a second
	BytesValue                     // a size
	ListValue                      // several texts
)

// Value is the value of a fact. The field that its kind names is set.
type Value struct {
	Kind     ValueKind
	Text     string
	Count    int64 // CountValue and BytesValue
	Duration time.Duration
	Moment   Instant
	Rate     float64 // a second
	List     []string
	// Bound says how the value is known; AgeUnknown: exactly.
	Bound Bound
}

// SQLFact names the SQL that lists all orders of a finding, where it does not name them all.
const SQLFact = "sql_for_all"

// TextFact is a fact in words.
func TextFact(name, text string) Fact {
	return Fact{name, Value{Kind: TextValue, Text: text}}
}

// CountFact is a number of things.
func CountFact(name string, n int64) Fact {
	return Fact{name, Value{Kind: CountValue, Count: n}}
}

// CappedFact is a number of things. There may be more when it is capped.
func CappedFact(name string, n int64, capped bool) Fact {
	f := CountFact(name, n)
	if capped {
		f.Value.Bound = AtLeast
	}
	return f
}

// DurationFact is a length of time.
func DurationFact(name string, d time.Duration) Fact {
	return Fact{name, Value{Kind: DurationValue, Duration: d}}
}

// AgeFact is an age at a moment, with its bound.
func AgeFact(name string, a Age, at Instant) Fact {
	return Fact{name, Value{Kind: DurationValue, Duration: a.At(at), Bound: a.Bound}}
}

// MomentFact is a point in time.
func MomentFact(name string, at Instant) Fact {
	return Fact{name, Value{Kind: MomentValue, Moment: at}}
}

// RateFact is a number a second.
func RateFact(name string, perSecond float64) Fact {
	return Fact{name, Value{Kind: RateValue, Rate: perSecond}}
}

// BytesFact is a size. Its name ends with _bytes.
func BytesFact(name string, n int64) Fact {
	return Fact{name, Value{Kind: BytesValue, Count: n}}
}

// ListFact is several texts.
func ListFact(name string, texts ...string) Fact {
	return Fact{name, Value{Kind: ListValue, List: texts}}
}

// With returns the fact with a bound.
func (f Fact) With(bound Bound) Fact {
	f.Value.Bound = bound
	return f
}

// The suffixes that name the unit of a value in JSON, in the log and in OTLP.
const (
	suffixSeconds   = "_seconds"
	suffixPerSecond = "_per_second"
	suffixBytes     = "_bytes"
	suffixBound     = "_bound"
)

// Key is the name with the unit of the value: oldest_message_age_seconds.
func (f Fact) Key() string {
	suffix := ""
	switch f.Value.Kind {
	case DurationValue:
		suffix = suffixSeconds
	case RateValue:
		suffix = suffixPerSecond
	case BytesValue:
		suffix = suffixBytes
	case TextValue, CountValue, MomentValue, ListValue:
	}
	return strings.TrimSuffix(f.Name, suffix) + suffix
}

// Label is the name as a heading: "oldest message age".
func (f Fact) Label() string {
	name := f.Name
	if f.Value.Kind == BytesValue {
		name = strings.TrimSuffix(name, suffixBytes)
	}
	return strings.ReplaceAll(name, "_", " ")
}

// Data is the value as JSON, the log and OTLP hold it under Key: an int64, a float64, a
// string or a []string.
func (v Value) Data() any {
	switch v.Kind {
	case CountValue, BytesValue:
		return v.Count
	case DurationValue:
		return float64(v.Duration.Round(time.Millisecond).Milliseconds()) / 1000
	case MomentValue:
		return v.Moment.Time().Format(time.RFC3339)
	case RateValue:
		return v.Rate
	case ListValue:
		return v.List
	case TextValue:
	}
	return v.Text
}

// String is the value as a sentence or a table shows it, with its bound.
func (v Value) String() string {
	text := v.unbounded()
	switch v.Bound {
	case AgeUnknown:
		return text
	case AtMost:
		return "at most " + text
	case AtLeast:
		return "at least " + text
	case Measured, Estimated:
	}
	return text + " (" + v.Bound.String() + ")"
}

func (v Value) unbounded() string {
	switch v.Kind {
	case CountValue:
		return strconv.FormatInt(v.Count, 10)
	case BytesValue:
		return bytesInWords(v.Count)
	case DurationValue:
		return durationInWords(v.Duration)
	case MomentValue:
		return v.Moment.Time().Format(time.RFC3339)
	case RateValue:
		return rateInWords(v.Rate)
	case ListValue:
		separator := ", "
		if slices.ContainsFunc(v.List, func(s string) bool { return strings.Contains(s, ",") }) {
			separator = "; "
		}
		return strings.Join(v.List, separator)
	case TextValue:
	}
	return v.Text
}

// durationInWords writes a duration to the second, and to a tenth of one below ten.
func durationInWords(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// rateInWords writes a rate so that a slow one is readable.
func rateInWords(perSecond float64) string {
	switch {
	case perSecond >= 1:
		return fmt.Sprintf("%.1f/s", perSecond)
	case perSecond*time.Minute.Seconds() >= 1:
		return fmt.Sprintf("%.1f/min", perSecond*time.Minute.Seconds())
	default:
		return fmt.Sprintf("%.1f/h", perSecond*time.Hour.Seconds())
	}
}

// bytesInWords writes a size in the largest unit that fits.
func bytesInWords(n int64) string {
	const unit = 1024
	switch {
	case n < unit:
		return fmt.Sprintf("%d B", n)
	case n < unit*unit:
		return fmt.Sprintf("%.1f KiB", float64(n)/unit)
	case n < unit*unit*unit:
		return fmt.Sprintf("%.1f MiB", float64(n)/(unit*unit))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(unit*unit*unit))
}

// Evidence is the list of facts that a finding was decided from, the most convincing
// first. In JSON it is an object that keeps that order.
type Evidence []Fact

// Find returns the fact with a name, with or without its unit.
func (e Evidence) Find(name string) (Fact, bool) {
	i := slices.IndexFunc(e, func(f Fact) bool { return f.Name == name || f.Key() == name })
	if i < 0 {
		return Fact{}, false
	}
	return e[i], true
}

// MarshalJSON writes the facts as one object, in order. A bound stands in a field of its
// own, so that a number is always a number.
func (e Evidence) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	write := func(key string, data any) error {
		name, err := json.Marshal(key)
		if err != nil {
			return err
		}
		value, err := json.Marshal(data)
		if err != nil {
			return err
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
		return nil
	}
	b.WriteByte('{')
	for _, f := range e {
		if err := write(f.Key(), f.Value.Data()); err != nil {
			return nil, err
		}
		if f.Value.Bound != AgeUnknown {
			if err := write(f.Name+suffixBound, f.Value.Bound.String()); err != nil {
				return nil, err
			}
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote, keeping the order.
func (e *Evidence) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if _, err := dec.Token(); err != nil {
		return err
	}
	*e = (*e)[:0]
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		var value any
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if of, ok := strings.CutSuffix(name, suffixBound); ok && len(*e) > 0 && (*e)[len(*e)-1].Name == of {
			(*e)[len(*e)-1].Value.Bound = boundOf(value)
			continue
		}
		f, err := factOf(name, value)
		if err != nil {
			return err
		}
		*e = append(*e, f)
	}
	return nil
}

// factOf reads the value of a key.
func factOf(key string, value any) (Fact, error) {
	switch value := value.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return MomentFact(key, InstantOf(at)), nil
		}
		return TextFact(key, value), nil
	case json.Number:
		if name, ok := strings.CutSuffix(key, suffixPerSecond); ok {
			rate, err := value.Float64()
			return RateFact(name, rate), err
		}
		if name, ok := strings.CutSuffix(key, suffixSeconds); ok {
			seconds, err := value.Float64()
			return DurationFact(name, time.Duration(seconds*float64(time.Second)).Round(time.Millisecond)), err
		}
		n, err := value.Int64()
		if strings.HasSuffix(key, suffixBytes) {
			return BytesFact(key, n), err
		}
		return CountFact(key, n), err
	case []any:
		texts := make([]string, len(value))
		for i := range value {
			texts[i], _ = value[i].(string)
		}
		return ListFact(key, texts...), nil
	}
	return Fact{}, fmt.Errorf("read evidence %s: %T is no value of a fact", key, value)
}

func boundOf(value any) Bound {
	for _, bound := range []Bound{Measured, AtLeast, Estimated, AtMost} {
		if bound.String() == value {
			return bound
		}
	}
	return AgeUnknown
}
