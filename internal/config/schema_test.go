package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/lostorder/lostorder/internal/config"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := config.Schema(sections)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("lostorder.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("lostorder.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate reads a file as an editor would: with its aliases resolved.
func validate(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	return schema.Validate(doc)
}

func TestSchemaAcceptsWhatTheLoaderAccepts(t *testing.T) {
	schema := compile(t)
	for name, text := range map[string]string{
		"the smallest file":     "kafka: [{name: a, brokers: [b]}]",
		"variables for numbers": `kafka: [{name: "${N:-a}", brokers: [b], retries: "${N:-1}", every: "${N:-1s}", jitter: "${N:-0.5}", sasl: {username: u, password: p, mechanism: "${N:-plain}"}}]`,
		"a plain zero":          "kafka: [{name: a, brokers: [b], objectives: [{topic: t, max_age: 0}]}]",
		"one value for a list":  "kafka: [{name: a, brokers: [b], dlq: x, topics: {include: y}}]",
		"empty states":          "lifecycles: [{name: a, states: {placed: , paid: {max: 1d12h}}}]",
		"a secret from a file":  "databases: [{name: a, url_file: password.txt}]",
		"a single section":      "otlp: {metrics: false}",
		"a date as a string":    `outboxes: [{name: a, database: d, columns: {id: "2024-01-01"}}]` + "\ndatabases: [{name: d, url: u}]",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := config.Parse("lostorder.yml", []byte(text), "testdata/good", sections); err != nil {
				t.Errorf("the loader: %v", err)
			}
			if err := validate(t, schema, []byte(text)); err != nil {
				t.Errorf("the schema: %v", err)
			}
		})
	}
}

func TestSchemaRefusesWhatTheLoaderRefuses(t *testing.T) {
	schema := compile(t)
	for name, text := range map[string]string{
		"an unknown section":           "kafak: []",
		"an unknown key":               "kafka: [{name: a, brokers: [b], x: 1}]",
		"an unknown nested key":        "kafka: [{name: a, brokers: [b], tls: {x: 1}}]",
		"no name":                      "kafka: [{brokers: [b]}]",
		"nothing required":             "kafka: [{name: a}]",
		"an empty list":                "kafka: [{name: a, brokers: []}]",
		"an empty name":                `kafka: [{name: "", brokers: [b]}]`,
		"a string for a list":          "kafka: [{name: a, brokers: b}]",
		"a mapping for a section":      "kafka: {name: a, brokers: [b]}",
		"a number for a string":        "kafka: [{name: a, brokers: [b], version: 3.8}]",
		"a string for a number":        "kafka: [{name: a, brokers: [b], retries: many}]",
		"a number out of bounds":       "kafka: [{name: a, brokers: [b], retries: 11}]",
		"a negative unsigned":          "kafka: [{name: a, brokers: [b], workers: -1}]",
		"a duration without a unit":    "kafka: [{name: a, brokers: [b], every: 5}]",
		"a duration in words":          "kafka: [{name: a, brokers: [b], every: 5 minutes}]",
		"a duration of nothing":        `kafka: [{name: a, brokers: [b], every: ""}]`,
		"a zero that is too short":     "kafka: [{name: a, brokers: [b], every: 0}]",
		"an enum":                      "lifecycles: [{name: a, kind: x, states: {a: {}}}]",
		"no states":                    "lifecycles: [{name: a, states: {}}]",
		"a required nested key":        "outboxes: [{name: a, database: d}]\ndatabases: [{name: d, url: u}]",
		"no secret at all":             "databases: [{name: a}]",
		"a secret and its file":        "databases: [{name: a, url: u, url_file: password.txt}]",
		"a string for a single struct": "otlp: x",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := config.Parse("lostorder.yml", []byte(text), "testdata/good", sections); err == nil {
				t.Error("the loader accepts it")
			}
			if err := validate(t, schema, []byte(text)); err == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

func TestGeneratedFiles(t *testing.T) {
	schema, err := config.Schema(sections)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := config.Schema(slices.Clone(sections))
	if !bytes.Equal(schema, again) {
		t.Error("the schema differs from one time to the next")
	}
	for name, got := range map[string][]byte{"schema.json": schema, "reference.md": config.Reference(sections)} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs; run go test -update and look at the difference", path)
		}
	}
	for _, want := range []string{"`states.<name>.max`", "`url_file`", "`objectives[].max_age`", "**required**", "at least 1s; at most 1h"} {
		if !strings.Contains(string(config.Reference(sections)), want) {
			t.Errorf("the reference has no %s", want)
		}
	}
}
