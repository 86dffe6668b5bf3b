package web

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// findingsPage is some of the findings that were asked for.
type findingsPage struct {
	findings []signal.Finding
	next     string // the id after which the next page begins; empty on the last one
}

// refusal is why a request cannot be met.
type refusal struct {
	code int
	text string
}

// pageOf returns the findings after the one that ?after= names, at most ?limit= of them.
func pageOf(all []signal.Finding, query url.Values) (p findingsPage, refused *refusal) {
	limit := api.DefaultLimit
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > api.LargestLimit {
			return p, &refusal{http.StatusBadRequest, "limit=" + text + ": write a number from 1 to " + strconv.Itoa(api.LargestLimit)}
		}
		limit = n
	}
	if after := query.Get("after"); after != "" {
		at := slices.IndexFunc(all, func(f signal.Finding) bool { return f.ID == after })
		if at < 0 {
			return p, &refusal{http.StatusGone, "finding " + after + " is no longer in the list; ask for the first page again"}
		}
		all = all[at+1:]
	}
	p.findings = all[:min(len(all), limit)]
	if len(all) > limit {
		p.next = all[limit-1].ID
	}
	return p, nil
}

// stream answers with a page of findings, one after the other: thousands of them are never
// in memory as JSON. The first time they are only hashed, for the ETag.
func stream(w http.ResponseWriter, r *http.Request, answer *api.Findings, n int, finding func(i int) api.Finding) {
	answer.Findings = []api.Finding{}
	frame, err := encode(answer)
	const empty = `"findings": []`
	before, after, ok := bytes.Cut(frame, []byte(empty))
	if err != nil || !ok || n == 0 {
		respond(w, r, answer)
		return
	}
	sum := sha256.New()
	if err := writeFindings(sum, before, after, n, finding); err != nil {
		fail(w, http.StatusInternalServerError, "encode the answer")
		return
	}
	if freshTag(w, r, sum.Sum(nil)) {
		return
	}
	w.Header().Set("Content-Type", jsonType)
	if r.Method == http.MethodHead {
		return
	}
	_ = writeFindings(w, before, after, n, finding) // the client may have gone
}

// writeFindings writes the findings between the two halves of their frame.
func writeFindings(w io.Writer, before, after []byte, n int, finding func(i int) api.Finding) error {
	out := bufio.NewWriterSize(w, 32<<10)
	_, _ = out.Write(before)
	_, _ = out.WriteString(`"findings": [`)
	var text bytes.Buffer // of one finding at a time
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("    ", "  ")
	for i := range n {
		text.Reset()
		if err := encoder.Encode(finding(i)); err != nil {
			return err
		}
		if i > 0 {
			_ = out.WriteByte(',')
		}
		_, _ = out.WriteString("\n    ")
		if _, err := out.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n"))); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("\n  ]")
	_, _ = out.Write(after)
	return out.Flush()
}
