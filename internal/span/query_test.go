package span_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/lostorder/lostorder/internal/span"
)

func TestQueryTextHasNoLiterals(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT id FROM orders WHERE id = 'A-17'":                                       "SELECT id FROM orders WHERE id = ?",
		"SELECT id FROM t1 WHERE id IN ('770000001'::bigint, '770000002'::bigint)":      "SELECT id FROM t1 WHERE id IN (?::bigint)",
		"SELECT `key 7` FROM t WHERE a = 17 AND b = -4.5e3 AND c = x'ff' LIMIT 501":     "SELECT `key 7` FROM t WHERE a = ? AND b = -? AND c = ? LIMIT ?",
		"SELECT 1 WHERE a = $1 AND b = ? AND c = 'it''s' OR d = 'it\\'s'":               "SELECT ? WHERE a = $1 AND b = ? AND c = ? OR d = ?",
		"SELECT a -- order A-17\nFROM t /* A-18 */ WHERE b = \"A-19\"":                  "SELECT a FROM t WHERE b = ?",
		"SELECT a FROM t WHERE b = $$A-17$$ AND c = N'A-18' AND d = E'A\\'19' AND e=.5": "SELECT a FROM t WHERE b = ? AND c = ? AND d = ? AND e=?",
		"SELECT a FROM t WHERE b = 'not closed":                                         "SELECT a FROM t WHERE b = ?",
		"SELECT a FROM t WHERE b IN (1, 2,3)":                                           "SELECT a FROM t WHERE b IN (?)",
	} {
		if got := span.Normalized(text); got != want {
			t.Errorf("%s\nbecomes %s\nwant    %s", text, got, want)
		}
	}
	if got := span.Normalized("SELECT " + strings.Repeat("a, ", 10_000)); len(got) > 2100 {
		t.Errorf("a query of 30,000 bytes becomes %d bytes", len(got))
	}
}

func TestSpansHoldNoTextThatMayNameAnOrderWhereIDsArePrivate(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(recorder)))
	defer otel.SetTracerProvider(noop.NewTracerProvider())
	span.Private(true)
	defer span.Private(false)
	_, end := span.Query(t.Context(), "PostgreSQL", "SELECT 1 FROM orders WHERE id = 'A-1017'")
	end(errors.New(`invalid input syntax for type bigint: "A-1017"`))
	ended := recorder.Ended()
	if len(ended) != 1 {
		t.Fatalf("%d spans", len(ended))
	}
	if text := fmt.Sprint(ended[0].Attributes(), ended[0].Status()); strings.Contains(text, "A-1017") || strings.Contains(text, "db.query.text") {
		t.Errorf("the span says %s", text)
	}
	if ended[0].Status().Description == "" {
		t.Error("the span does not say that the query failed")
	}
}

// TestSpansKeepNamesInDoubleQuotes: without them a span would not show which table a query reads.
func TestSpansKeepNamesInDoubleQuotes(t *testing.T) {
	for system, want := range map[string]string{
		"PostgreSQL": `SELECT "id" FROM "orders" WHERE "id" = ?`, "SQLite": `SELECT "id" FROM "orders" WHERE "id" = ?`, "MySQL": "SELECT ? FROM ? WHERE ? = ?",
	} {
		recorder := tracetest.NewSpanRecorder()
		otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(recorder)))
		_, end := span.Query(t.Context(), system, `SELECT "id" FROM "orders" WHERE "id" = 'A-1017'`)
		end(nil)
		otel.SetTracerProvider(noop.NewTracerProvider())
		if text := fmt.Sprint(recorder.Ended()[0].Attributes()); !strings.Contains(text, want) {
			t.Errorf("%s: %s", system, text)
		}
	}
}

func FuzzNormalized(f *testing.F) {
	f.Add("SELECT id FROM orders WHERE id IN ('A-17', 17)")
	f.Add("SELECT $a$ x $b$ 'y")
	f.Fuzz(func(_ *testing.T, text string) { span.Normalized(text) })
}
