package untrusted_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
)

func TestText(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"plain text stays":                       {"orders → billing (kafka main), 17 €", "orders → billing (kafka main), 17 €"},
		"other alphabets stay":                   {"注文 заказ הזמנה 🛒", "注文 заказ הזמנה 🛒"},
		"a backslash stays":                      {`a\nb`, `a\nb`},
		"a newline is written":                   {"a\nb\r\n", `a\nb\r\n`},
		"a tab is written":                       {"a\tb", `a\tb`},
		"NUL is written":                         {"a\x00b", `a\x00b`},
		"an escape sequence is written":          {"\x1b]0;owned\x07\x1b[2J", `\x1b]0;owned\x07\x1b[2J`},
		"C1 controls are written":                {"\u009b31m", `\u009b31m`},
		"a bidi override is written":             {"abc\u202edcba", `abc\u202edcba`},
		"an isolate and a zero width are, too":   {"\u2066a\u2069\u200b\ufeff", `\u2066a\u2069\u200b\ufeff`},
		"a line separator is written":            {"a\u2028b", `a\u2028b`},
		"a tag character beyond the first plane": {"a\U000e0041", `a\U000e0041`},
		"bytes that are no UTF-8 are written":    {"a\xff\xc3(", `a\xff\xc3(`},
		"the replacement character stays":        {"a\ufffdb", "a\ufffdb"},
	} {
		if got := untrusted.Text(test.in); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	if got := untrusted.Lines("a\n\tb\x1b\u202e\r"); got != "a\n\tb\\x1b\\u202e\\r" {
		t.Errorf("lines are %q", got)
	}
}

func TestLongIDsAreCutAndStayTwo(t *testing.T) {
	long := strings.Repeat("é", 5000)
	one, two := untrusted.ID(long+"1"), untrusted.ID(long+"2")
	if len(one) > untrusted.LongestID || one == two || !utf8.ValidString(one) || untrusted.ID(long+"1") != one {
		t.Errorf("%d bytes: %s, %s", len(one), one, two)
	}
	hostile := untrusted.ID(strings.Repeat("\x1b\u202e", 100))
	if len(hostile) > untrusted.LongestID || untrusted.Text(hostile) != hostile {
		t.Errorf("%d bytes: %q", len(hostile), hostile)
	}
	if whole := strings.Repeat("a", untrusted.LongestID); untrusted.ID(whole) != whole {
		t.Error("an id of the full length is cut")
	}
}

const hostile = "a\x1b[31m\nb\u202e\x00\xff"

// fill puts hostile text into every text of a value, and one item into every list.
func fill(v reflect.Value, skip map[string]bool) (texts int) {
	switch v.Kind() {
	case reflect.Struct:
		for field, value := range v.Fields() {
			if value.CanSet() && !skip[v.Type().Name()+"."+field.Name] {
				texts += fill(value, skip)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return fill(v.Index(0), skip)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), skip)
	case reflect.String:
		if ourTypes[v.Type()] {
			return 0
		}
		v.SetString(hostile)
		return 1
	default:
	}
	return texts
}

// ourTypes are texts that our own code checks or writes: they hold no text from outside.
var ourTypes = map[reflect.Type]bool{
	reflect.TypeFor[signal.Severity](): true, reflect.TypeFor[signal.Coverage](): true, reflect.TypeFor[signal.Decimal](): true,
}

// ours are texts that our own code chooses, out of a few.
var ours = map[string]bool{
	"TargetID.Collector": true, "TargetID.Target": true, "QueueID.System": true, "DeadLetterQueue.System": true, "BrokerLoss.System": true,
	"Alarm.System": true, "Conflict.Kind": true, "Reconciliation.Kind": true, "Mismatches.Kind": true, "Remedy.Kind": true, "Purpose.Role": true, "Queue.Semantics": true, "DeadLetterQueue.Semantics": true,
}

func unsafe(text string) bool {
	return !utf8.ValidString(text) || strings.IndexFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) >= 0
}

// check reports every text of a value that a terminal would interpret.
func check(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				check(t, path+"."+field.Name, value)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			check(t, path+"[]", v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			check(t, path+"[]", key)
			check(t, path+"[]", v.MapIndex(key))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			check(t, path, v.Elem())
		}
	case reflect.String:
		text := v.String()
		if strings.HasSuffix(path, "Remedies[].Text") || strings.HasSuffix(path, ".SQL") {
			text = strings.ReplaceAll(text, "\n", " ") // a statement may have several lines
		}
		if unsafe(text) {
			t.Errorf("%s is %q", path, text)
		}
	default:
	}
}

func TestNoTextOfAReportIsForgotten(t *testing.T) {
	r := signal.Report{}
	if n := fill(reflect.ValueOf(&r).Elem(), ours); n < 40 {
		t.Fatalf("a report has %d texts", n)
	}
	broken := errors.New(hostile)
	r.Err = fmt.Errorf("read: %w", broken)
	before, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	shown := untrusted.Report(r)
	check(t, "report", reflect.ValueOf(shown))
	if unsafe(shown.Err.Error()) || !errors.Is(shown.Err, broken) {
		t.Errorf("the error is %q", shown.Err)
	}
	if after, _ := json.Marshal(r); string(after) != string(before) {
		t.Error("the report that was given was changed")
	}
	// What is given once more is not changed again.
	if again, once := untrusted.Report(shown), shown; !reflect.DeepEqual(again, once) {
		t.Error("a text that is safe to show is changed")
	}
}

func TestAPlainReportIsNotCopied(t *testing.T) {
	r := signal.Report{Queues: make([]signal.Queue, 1000)}
	for i := range r.Queues {
		r.Queues[i] = signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: "orders", Group: "billing"})
		r.Queues[i].Sample = []signal.OrderRef{{ID: "A-1017"}}
	}
	if n := testing.AllocsPerRun(10, func() { untrusted.Report(r) }); n > 10 {
		t.Errorf("it takes %.0f allocations", n)
	}
}

func TestValueCleansADecodedAnswer(t *testing.T) {
	answer := struct {
		At    time.Time
		Texts []string
		Inner *struct{ Evidence signal.Evidence }
		Owner signal.Labels
	}{time.Now(), []string{hostile}, &struct{ Evidence signal.Evidence }{signal.Evidence{signal.TextFact(hostile, hostile)}}, signal.Labels{hostile: hostile, "team": "a"}}
	untrusted.Value(&answer)
	check(t, "answer", reflect.ValueOf(answer))
}

func TestTheLogHasNoEscapeSequence(t *testing.T) {
	type word string
	for name, handler := range map[string]func(*strings.Builder) slog.Handler{
		"text": func(b *strings.Builder) slog.Handler { return slog.NewTextHandler(b, nil) },
		"JSON": func(b *strings.Builder) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b strings.Builder
		log := slog.New(untrusted.Log(handler(&b))).With("with", hostile)
		log.Warn(hostile, "text", hostile, "err", errors.New(hostile), "list", []string{hostile}, slog.Group("of", "inner", hostile), "word", word(hostile))
		if text := strings.TrimSuffix(b.String(), "\n"); unsafe(text) || strings.Count(text, "31m") != 7 {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func BenchmarkReport(b *testing.B) {
	r := signal.Report{Queues: make([]signal.Queue, 100_000)}
	for i := range r.Queues {
		r.Queues[i].QueueID = signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: fmt.Sprintf("orders-%d", i/200), Group: fmt.Sprintf("group-%d", i%200)}
	}
	for b.Loop() {
		untrusted.Report(r)
	}
}
