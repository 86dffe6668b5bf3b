package telemetry_test

import (
	"bytes"
	"net/http"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// TestSeriesInProtobufAreThoseOfTheLibrary encodes each series of a scrape again.
func TestSeriesInProtobufAreThoseOfTheLibrary(t *testing.T) {
	snapshot := full()
	e := exporter(&snapshot)
	readAll(e, snapshot)
	e.Opened(snapshot.Open[0]) // with an exemplar
	rest := plain(t, get(t, e.Handler(), http.MethodGet, accepts["protobuf"], "gzip"))
	families := 0
	for len(rest) > 0 {
		raw, n := protowire.ConsumeBytes(rest)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		rest = rest[n:]
		var f dto.MetricFamily
		if err := proto.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		series := 0
		for len(raw) > 0 {
			number, kind, tag := protowire.ConsumeTag(raw)
			size := protowire.ConsumeFieldValue(number, kind, raw[tag:])
			if size < 0 {
				t.Fatal(protowire.ParseError(size))
			}
			if one, _ := protowire.ConsumeBytes(raw[tag:]); number == 4 {
				want, err := proto.MarshalOptions{Deterministic: true}.Marshal(f.Metric[series])
				if err != nil || !bytes.Equal(one, want) {
					t.Errorf("%s: got %x, the library writes %x: %v", f.GetName(), one, want, err)
				}
				series++
			}
			raw = raw[tag+size:]
		}
		if series == 0 || series != len(f.Metric) {
			t.Errorf("%s: %d series", f.GetName(), series)
		}
		families++
	}
	if families < 50 {
		t.Errorf("only %d families", families)
	}
}
