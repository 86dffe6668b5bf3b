package telemetry

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
)

var accepted = []expfmt.Format{
	expfmt.FmtOpenMetrics_1_0_0,
	expfmt.FmtOpenMetrics_0_0_1,
	expfmt.FmtProtoDelim,
	expfmt.FmtText,
}

// Handler serves the metrics in the format and the compression that the client
// asks for: text 0.0.4, OpenMetrics 1.0 with exemplars, or protobuf with native
// histograms.
func (e *Exporter) Handler() http.Handler { return http.HandlerFunc(e.serve) }

func (e *Exporter) serve(w http.ResponseWriter, r *http.Request) {
	format := expfmt.NegotiateAccept(r.Header, accepted...)
	kept, snapshot, err := e.cacheOf(format).get(e, format.FormatType())
	if err != nil {
		e.fail(w, err)
		return
	}
	rest, err := e.live(format, snapshot)
	if err != nil {
		e.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", string(format))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept, Accept-Encoding")
	if !acceptsGzip(r) {
		if r.Method != http.MethodHead && send(w, kept.plain()) {
			_, _ = w.Write(rest) //nolint:gosec // metrics, of a type that is no markup
		}
		return
	}
	tail, err := kept.end(rest)
	if err != nil {
		e.fail(w, err)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Length", strconv.Itoa(len(gzipHeader)+kept.length()+len(tail)))
	if r.Method == http.MethodHead {
		return
	}
	for _, part := range slices.Concat([][]byte{gzipHeader}, kept.deflated, [][]byte{tail}) {
		if _, err := w.Write(part); err != nil { //nolint:gosec // metrics, of a type that is no markup
			return // the client has gone
		}
	}
}

func (e *Exporter) cacheOf(format expfmt.Format) *cache {
	switch format.FormatType() {
	case expfmt.TypeProtoDelim:
		return &e.protobuf
	case expfmt.TypeOpenMetrics:
		return &e.openMetrics
	default:
		return &e.text
	}
}

func (e *Exporter) fail(w http.ResponseWriter, err error) {
	e.log.Error("encode metrics", "err", err)
	http.Error(w, "encode metrics: "+err.Error(), http.StatusInternalServerError)
}

func send(w io.Writer, r io.Reader) bool {
	_, err := io.Copy(w, r)
	return err == nil
}

// acceptsGzip reports whether the client takes gzip: by name or by a star, and not
// with a weight of zero.
func acceptsGzip(r *http.Request) bool {
	star := false
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, params, _ := strings.Cut(item, ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q="); ok {
			weight, _ = strconv.ParseFloat(q, 64)
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return weight > 0
		case "*":
			star = weight > 0
		}
	}
	return star
}
