package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/config"
)

func TestLoadFillsEverything(t *testing.T) {
	f, err := config.Load("testdata/good/full.yml", sections)
	if err != nil {
		t.Fatal(err)
	}
	clusters := config.Items[cluster](f, "kafka")
	if len(clusters) != 2 {
		t.Fatalf("%d clusters, want 2", len(clusters))
	}
	c := clusters[0]
	check := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	check("brokers", c.Brokers, []string{"localhost:9092", "other:9092"})
	check("tls.verify, a default under a pointer that is there", c.TLS.Verify, true)
	check("mechanism", c.SASL.Mechanism, "scram-sha-256")
	check("password from its file", c.SASL.Password.Reveal(), "hunter2hunter2")
	check("one include instead of a list", c.Topics.Match("orders.eu"), true)
	check("exclude", c.Topics.Match("orders.test"), false)
	check("one dlq instead of a list", c.DLQ, []string{"{topic}.dead"})
	check("objective", time.Duration(c.Objectives[0].MaxAge), 90*time.Second)
	check("default in a list", time.Duration(c.Objectives[1].MaxAge), time.Minute)
	check("retries from the environment's default", c.Polling.Retries, 5)
	check("an explicit zero", c.Polling.Jitter, 0.0)
	check("merged name", clusters[1].Name, "second")
	check("merged brokers", clusters[1].Brokers, c.Brokers)
	check("null is absent", time.Duration(clusters[1].Polling.Every), 15*time.Second)

	o := config.Items[outbox](f, "outboxes")[0]
	check("text", o.Level, level(2))
	check("default in a nested struct", o.Columns.CreatedAt, "created_at")

	var names []string
	for _, s := range config.Items[lifecycle](f, "lifecycles")[0].States {
		names = append(names, s.Name)
	}
	check("order of states", names, []string{"placed", "paid", "delivered", "cancelled"})
	last, _ := config.Items[lifecycle](f, "lifecycles")[0].States.Get("cancelled")
	check("default of a state with nothing in it", time.Duration(last.Max), 5*time.Minute)

	check("single", config.Items[export](f, "otlp"), []export{{Metrics: false, Timeout: config.Duration(10 * time.Second)}})
	check("has otlp", f.Has("otlp"), true)
}

func TestDefaultsOfTheSmallestFile(t *testing.T) {
	f, err := config.Load("testdata/good/smallest.yml", sections)
	if err != nil {
		t.Fatal(err)
	}
	c := config.Items[cluster](f, "kafka")[0]
	if c.TLS != nil || c.SASL != nil {
		t.Error("an optional struct that is absent is not nil")
	}
	if want := []string{"{topic}.dlq", "{topic}-dlt"}; !slices.Equal(c.DLQ, want) {
		t.Errorf("dlq is %v, want %v", c.DLQ, want)
	}
	if c.Version != "4.0" || c.Polling.Workers != 4 {
		t.Errorf("version %q, workers %d", c.Version, c.Polling.Workers)
	}
	if got := config.Items[export](f, "otlp"); len(got) != 1 || !got[0].Metrics || f.Has("otlp") {
		t.Errorf("an absent single section gives %v", got)
	}
	if got := config.Items[database](f, "databases"); len(got) != 0 {
		t.Errorf("an absent list gives %v", got)
	}
}

func TestItemsOfTheWrongTypePanics(t *testing.T) {
	f, err := config.Load("testdata/good/smallest.yml", sections)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	config.Items[database](f, "kafka")
}

func TestLoadRefusesWhatIsNoConfigFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, test := range map[string]struct{ path, want string }{
		"no such file":    {filepath.Join(dir, "none.yml"), "none.yml: no such file; name one with --config.file"},
		"an empty folder": {t.TempDir(), ": a folder without config files; their names end in .yml or .yaml"},
		"a huge file":     {write("huge.yml", []byte(strings.Repeat("# a comment\n", 400_000))), "huge.yml: larger than 4 MiB"},
		"not UTF-8":       {write("latin.yml", []byte("kafka:\n  - name: K\xf6ln\n")), "latin.yml:2:12: not UTF-8"},
		"UTF-16":          {write("utf16.yml", []byte("\xff\xfek\x00a\x00")), "utf16.yml:1:1: not UTF-8"},
		"a control byte":  {write("nul.yml", []byte("kafka: \x00\n")), "nul.yml:1: a character that cannot be printed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(test.path, sections)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAByteOrderMarkIsNoMistake(t *testing.T) {
	text := "\ufeffkafka: [{name: a, brokers: [b]}]\n"
	if _, err := config.Parse("lostorder.yml", []byte(text), ".", sections); err != nil {
		t.Error(err)
	}
}
