package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What Prometheus 3 sends.
const (
	accept    = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	userAgent = "Prometheus/3.5.3"
)

// scraped is one scrape.
type scraped struct {
	took       time.Duration
	compressed int64
	body       []byte // as it came
	gzip       bool
}

// A scraper scrapes like one Prometheus, over one persistent connection. It decompresses
// nothing while the clock runs.
type scraper struct {
	client http.Client
	url    string
}

func newScraper(url string) *scraper {
	return &scraper{client: http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: 2 * time.Minute}, url: url}
}

func (s *scraper) scrape(ctx context.Context) (*scraped, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", userAgent)
	at := time.Now()
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", s.url, resp.Status)
	}
	return &scraped{took: time.Since(at), compressed: int64(len(body)), body: body, gzip: resp.Header.Get("Content-Encoding") == "gzip"}, err
}

// each calls do for every series.
func (s *scraped) each(do func(series, value []byte)) (size int64, err error) {
	var r io.Reader = bytes.NewReader(s.body)
	if s.gzip {
		if r, err = gzip.NewReader(r); err != nil {
			return 0, err
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Bytes()
		size += int64(len(line)) + 1
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		end := bytes.LastIndexByte(line, '}') + 1
		if end == 0 {
			end = max(0, bytes.IndexByte(line, ' '))
		}
		do(line[:end], bytes.TrimLeft(line[end:], " "))
	}
	return size, lines.Err()
}

// sum adds up the series of a metric and counts them.
func (s *scraped) sum(metric string) (sum float64, count int64, err error) {
	_, err = s.each(func(series, value []byte) {
		if name, _, _ := bytes.Cut(series, []byte("{")); string(name) != metric {
			return
		}
		text, _, _ := strings.Cut(string(value), " ")
		v, _ := strconv.ParseFloat(text, 64)
		sum += v
		count++
	})
	return sum, count, err
}
