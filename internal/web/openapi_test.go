package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/time/rate"

	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web"
	"github.com/lostorder/lostorder/internal/web/api"
)

// documented is the part of an OpenAPI document that these tests read.
type documented struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		Parameters []struct{ Name, In string }
		Responses  map[string]struct {
			Content map[string]struct {
				Schema struct {
					Ref string `json:"$ref"`
				}
			}
		}
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]any
			Required   []string
		}
	}
}

func openAPI(t *testing.T, h http.Handler) (doc documented, compiler *jsonschema.Compiler) {
	t.Helper()
	res, body := do(t, h, http.MethodGet, "/api/v1/openapi.json")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("answers %s", res.Status)
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	whole, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	compiler = jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	return doc, compiler
}

// trailed is a handler whose answers have every field.
func trailed() http.Handler {
	s := teams()
	s.Open[1].Unconfirmed = true
	s.Open[1].CausedBy, s.Open[0].Symptoms = s.Open[0].ID, []string{s.Open[1].ID}
	s.Open[2].Evidence = signal.Evidence{signal.ListFact("reasons", "expired", "rejected"), signal.RateFact("drain_rate", 0.5), signal.CappedFact("rows", 1000, true)}
	places := []signal.Place{
		{
			Store: "shop", Name: "orders", Holds: "rows", Searched: "the last day",
			Events: []signal.Event{
				{Kind: signal.EventState, At: signal.InstantOf(before(38 * time.Minute)), What: "is in state paid", Key: "7", Detail: "free", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"},
				{Kind: signal.EventFault, What: "is wrong"},
			},
			Expected: []signal.Expectation{{What: "leaves state paid", By: signal.InstantOf(before(8 * time.Minute))}},
		},
		{Store: "billing", Name: "payments", Err: errors.New("connection refused")},
	}
	return handler(s, explaining(places, func(o *explain.Options) {
		o.Tracing = explain.Tracing{URL: "https://tempo.example/trace/{trace_id}"}
	}), func(o *web.Options) { o.External.URL = "https://lostorder.example" })
}

func TestEveryEndpointIsDocumented(t *testing.T) {
	doc, _ := openAPI(t, handler(calm()))
	var got []string
	for _, pattern := range web.Endpoints(web.Options{Explainer: func() *explain.Explainer { return nil }}) {
		got = append(got, strings.ReplaceAll(pattern, "...}", "}"))
	}
	if want := slices.Sorted(maps.Keys(doc.Paths)); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("the handlers serve %v, and openapi.json describes %v", got, want)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("the document has the version %s", doc.OpenAPI)
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	doc, _ := openAPI(t, handler(calm()))
	types := map[string]reflect.Type{
		"Findings": reflect.TypeFor[api.Findings](), "Replica": reflect.TypeFor[api.Replica](), "Verdict": reflect.TypeFor[api.Verdict](), "Finding": reflect.TypeFor[api.Finding](),
		"Acknowledgement": reflect.TypeFor[api.Acknowledgement](), "Acknowledged": reflect.TypeFor[api.Acknowledged](),
		"Subject": reflect.TypeFor[signal.Subject](), "Targets": reflect.TypeFor[api.Targets](), "Target": reflect.TypeFor[api.Target](),
		"Readings": reflect.TypeFor[api.Readings](), "QueueRole": reflect.TypeFor[phrase.QueueRole](), "Order": reflect.TypeFor[api.Order](),
		"OrderEvent": reflect.TypeFor[api.OrderEvent](), "OrderExpectation": reflect.TypeFor[api.OrderExpectation](), "OrderPlace": reflect.TypeFor[api.OrderPlace](),
		"OrderGap": reflect.TypeFor[api.OrderGap](), "OrderTrace": reflect.TypeFor[api.OrderTrace](), "Problem": reflect.TypeFor[api.Problem](),
	}
	for name := range doc.Components.Schemas {
		if types[name] == nil {
			t.Errorf("openapi.json describes %s, which no handler answers", name)
		}
	}
	for name, typ := range types {
		var fields, required []string
		for f := range typ.Fields() {
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, tag)
			if !strings.Contains(options, "omit") {
				required = append(required, tag)
			}
		}
		slices.Sort(fields)
		slices.Sort(required)
		schema := doc.Components.Schemas[name]
		slices.Sort(schema.Required)
		if got := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(got, fields) {
			t.Errorf("%s has the fields %v, and openapi.json describes %v", name, fields, got)
		}
		if !slices.Equal(schema.Required, required) {
			t.Errorf("%s always has %v, and openapi.json requires %v", name, required, schema.Required)
		}
	}
}

func TestAnswersAreAsDocumented(t *testing.T) {
	h := trailed()
	limited := handler(calm(), explaining(paid(), func(o *explain.Options) { o.Limit = rate.NewLimiter(0, 0) }))
	doc, compiler := openAPI(t, h)
	seen := map[string]bool{}
	for _, c := range []struct {
		handler            http.Handler
		method, path, real string
		code               int
	}{
		{h, "GET", "/api/v1/findings", "/api/v1/findings?state=all", 200},
		{h, "GET", "/api/v1/findings", "/api/v1/findings?limit=1", 200},
		{h, "GET", "/api/v1/findings", "/api/v1/findings?closed=1d", 200},
		{h, "GET", "/api/v1/findings", "/api/v1/findings?state=no", 400},
		{h, "GET", "/api/v1/findings", "/api/v1/findings?after=no", 410},
		{h, "POST", "/api/v1/findings", "/api/v1/findings", 405},
		{h, "GET", "/api/v1/findings/{id}", "/api/v1/findings/a1b2c3", 200},
		{h, "GET", "/api/v1/findings/{id}", "/api/v1/findings/none", 404},
		{h, "PUT", "/api/v1/findings/{id}", "/api/v1/findings/none", 405},
		{h, "GET", "/api/v1/findings/{id}/orders.csv", "/api/v1/findings/a1b2c3/orders.csv", 200},
		{h, "GET", "/api/v1/findings/{id}/orders.csv", "/api/v1/findings/none/orders.csv", 404},
		{h, "DELETE", "/api/v1/findings/{id}/orders.csv", "/api/v1/findings/none/orders.csv", 405},
		{h, "GET", "/api/v1/targets", "/api/v1/targets", 200},
		{h, "PATCH", "/api/v1/targets", "/api/v1/targets", 405},
		{h, "GET", "/api/v1/targets", "/api/v1/targets?replica=other", 400},
		{h, "GET", "/api/v1/orders/{id}", "/api/v1/orders/100417", 200},
		{h, "GET", "/api/v1/orders/{id}", "/api/v1/orders/a%00b", 400},
		{h, "POST", "/api/v1/orders/{id}", "/api/v1/orders/100417", 405},
		{limited, "GET", "/api/v1/orders/{id}", "/api/v1/orders/100417", 429},
		{h, "GET", "/api/v1/openapi.json", "/api/v1/openapi.json", 200},
		{h, "POST", "/api/v1/openapi.json", "/api/v1/openapi.json", 405},
	} {
		res, body := do(t, c.handler, c.method, c.real)
		if res.StatusCode != c.code {
			t.Errorf("%s %s: answers %s, want %d", c.method, c.real, res.Status, c.code)
			continue
		}
		code := strconv.Itoa(c.code)
		seen[c.path+" "+code] = true
		response, known := doc.Paths[c.path]["get"].Responses[code]
		mediaType, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
		content, described := response.Content[mediaType]
		if !known || !described {
			t.Errorf("%s %s: answers %s as %s, which openapi.json does not describe", c.method, c.real, res.Status, mediaType)
			continue
		}
		if content.Schema.Ref == "" {
			continue
		}
		schema, err := compiler.Compile("openapi.json" + content.Schema.Ref)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s %s: %v in %s", c.method, c.real, err, body)
		}
	}
	for path, item := range doc.Paths {
		for code := range item["get"].Responses {
			if code != "304" && code != "500" && !seen[path+" "+code] {
				t.Errorf("no request of this test makes %s answer %s", path, code)
			}
		}
	}
}

func TestAnswerThatDidNotChangeIsNotSentAgain(t *testing.T) {
	h := trailed()
	for _, path := range []string{"/api/v1/findings", "/api/v1/findings?state=all", "/api/v1/findings/a1b2c3", "/api/v1/findings/a1b2c3/orders.csv", "/api/v1/targets", "/api/v1/openapi.json", "/api/v1/orders/100417"} {
		res, body := do(t, h, http.MethodGet, path)
		tag := res.Header.Get("ETag")
		if res.StatusCode != http.StatusOK || tag == "" || body == "" {
			t.Fatalf("%s: answers %s with the ETag %q", path, res.Status, tag)
		}
		for header, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
			if path == "/api/v1/orders/100417" && header != tag {
				continue // look-ups are limited
			}
			res, body := do(t, h, http.MethodGet, path, "If-None-Match", header)
			if res.StatusCode != want || want == 304 && body != "" || res.Header.Get("ETag") != tag {
				t.Errorf("%s with If-None-Match %q: answers %s with %d bytes", path, header, res.Status, len(body))
			}
		}
	}
	one, other := troubled(), troubled()
	other.Open[0].Count++
	first, _ := do(t, handler(one), http.MethodGet, "/api/v1/findings")
	second, _ := do(t, handler(other), http.MethodGet, "/api/v1/findings")
	if first.Header.Get("ETag") == second.Header.Get("ETag") {
		t.Error("a finding that grew has the ETag from before")
	}
	if res, _ := do(t, handler(one), http.MethodGet, "/api/v1/findings/none", "If-None-Match", "*"); res.StatusCode != http.StatusNotFound || res.Header.Get("ETag") != "" {
		t.Errorf("a finding that is not there answers %s", res.Status)
	}
}
