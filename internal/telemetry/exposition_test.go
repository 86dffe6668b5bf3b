package telemetry_test

import (
	"bytes"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/watch"
)

func TestEveryMetricOfTheListIsThere(t *testing.T) {
	s := full()
	stake := signal.Stake{Amounts: signal.Amounts{{Currency: "EUR", Value: "18240.5", Orders: 2}}, Coverage: signal.CoversAll}
	s.Targets[1].Reading.Lifecycles[0].States[0].AtStake, s.Open[0].AtStake = stake, stake
	e := exporter(&s)
	e.Opened(s.Open[0])
	readAll(e, s)
	for format := range accepts {
		t.Run(format, func(t *testing.T) {
			families := scrape(t, e, format)
			listed := map[string]bool{}
			for _, m := range telemetry.Metrics() {
				listed[m.Name] = true
				f := families[m.Name]
				if f == nil {
					t.Errorf("%s has no series", m.Name)
					continue
				}
				got := strings.ToLower(f.GetType().String())
				if format == "openmetrics" && m.Name == "lostorder_findings_total" {
					got = string(telemetry.Counter) // unknown, beside lostorder_findings
				}
				if got != string(m.Type) {
					t.Errorf("%s is a %s, the list says %s", m.Name, got, m.Type)
				}
				if f.GetHelp() != m.Help {
					t.Errorf("%s has help %q, the list says %q", m.Name, f.GetHelp(), m.Help)
				}
				for _, series := range f.GetMetric() {
					for _, l := range series.GetLabel() {
						if !slices.Contains(m.Labels, l.GetName()) {
							t.Errorf("%s has label %s, which the list does not name", m.Name, l.GetName())
						}
					}
				}
			}
			for name := range families {
				if strings.HasPrefix(name, "lostorder_") && !listed[name] {
					t.Errorf("%s is not in the list", name)
				}
			}
			if families["go_goroutines"] == nil || families["process_resident_memory_bytes"] == nil {
				t.Error("the runtime and the process are not described")
			}
		})
	}
}

func TestFormatsSayTheSame(t *testing.T) {
	s := full()
	e := exporter(&s)
	e.Opened(s.Open[0])
	want := lines(scrape(t, e, "text"))
	if len(want) < 60 {
		t.Fatalf("text has %d series only", len(want))
	}
	for _, format := range []string{"openmetrics", "protobuf"} {
		if got := lines(scrape(t, e, format)); !slices.Equal(got, want) {
			t.Errorf("%s says\n%s\ntext says\n%s", format, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestLintHasNothingToSay(t *testing.T) {
	s := full()
	e := exporter(&s)
	e.Opened(s.Open[0])
	text := plain(t, get(t, e.Handler(), http.MethodGet, accepts["text"], "identity"))
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestPiecesMakeOneFamily(t *testing.T) {
	const name = "lostorder_queue_partition_messages"
	s := large(20)
	e := exporter(&s)
	for format, accept := range accepts {
		t.Run(format, func(t *testing.T) {
			if format == "protobuf" {
				if got := len(scrape(t, e, format)[name].GetMetric()); got != 10_000 {
					t.Errorf("%d partitions", got)
				}
				return
			}
			heads, series := 0, map[string]bool{}
			for line := range strings.Lines(string(plain(t, get(t, e.Handler(), http.MethodGet, accept, "gzip")))) {
				switch {
				case strings.HasPrefix(line, "# TYPE "+name):
					heads++
				case strings.HasPrefix(line, name+"{"):
					series[line] = true
				}
			}
			if heads != 1 || len(series) != 10_000 {
				t.Errorf("%d families with %d partitions", heads, len(series))
			}
		})
	}
}

func TestBodyIsTheSameWithAndWithoutCompression(t *testing.T) {
	s := full()
	h := exporter(&s).Handler()
	keep := func(text []byte) string {
		var kept []string
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "lostorder_") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	want := keep(plain(t, get(t, h, http.MethodGet, accepts["openmetrics"], "gzip")))
	for _, encoding := range []string{"", "identity", "gzip;q=0", "br", "*;q=0", "gzip; q=0, *"} {
		res := get(t, h, http.MethodGet, accepts["openmetrics"], encoding)
		if res.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q: is compressed", encoding)
		}
		if keep(plain(t, res)) != want || want == "" {
			t.Errorf("%q: body differs from the compressed one", encoding)
		}
	}
	for _, encoding := range []string{"gzip", "deflate, gzip;q=0.5", "GZIP", "*"} {
		if get(t, h, http.MethodGet, accepts["openmetrics"], encoding).Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%q: is not compressed", encoding)
		}
	}
}

func TestHeadHasHeadersOnly(t *testing.T) {
	s := full()
	for _, encoding := range []string{"gzip", "identity"} {
		res := get(t, exporter(&s).Handler(), http.MethodHead, accepts["text"], encoding)
		if body := bufio(res.Body); body.Len() > 0 {
			t.Errorf("%s: body of %d bytes", encoding, body.Len())
		}
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
			t.Errorf("%s: content type %q", encoding, res.Header.Get("Content-Type"))
		}
	}
}

func TestScrapesAtTheSameTimeAreWhole(t *testing.T) {
	var mu sync.Mutex
	s := full()
	e := telemetry.New(telemetry.Options{Snapshot: func() *watch.Snapshot {
		mu.Lock()
		defer mu.Unlock()
		s = reported(s, int(s.Version)%len(s.Targets))
		return s
	}})
	want := len(telemetry.Metrics())
	var all sync.WaitGroup
	for format, accept := range accepts {
		for range 4 {
			all.Go(func() {
				e.Opened(full().Open[0])
				if format != "openmetrics" { // whose strict parser takes a second
					if got := scrape(t, e, format); len(got) < want {
						t.Errorf("%s has %d families", format, len(got))
					}
					return
				}
				text := string(plain(t, get(t, e.Handler(), http.MethodGet, accept, "gzip")))
				if got := strings.Count(text, "# TYPE "); got < want || !strings.HasSuffix(text, "\n# EOF\n") {
					t.Errorf("%s has %d families", format, got)
				}
			})
		}
	}
	all.Wait()
}

// The bytes of a reading and what is kept of it must stay small beside the
// reading itself: a hundred thousand series are sixteen megabytes of text.
func TestScrapeOfManySeriesTakesLittleMemory(t *testing.T) {
	s := large(200)
	h := exporter(&s).Handler()
	get(t, h, http.MethodHead, accepts["text"], "gzip")
	for format, accept := range accepts {
		s = reported(s, 0)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		get(t, h, http.MethodHead, accept, "gzip")
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 12<<20 {
			t.Errorf("%s takes %d kB", format, took>>10)
		}
	}
}
