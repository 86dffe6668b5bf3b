package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web/api"
)

// answerWithin is how long a running lostorder may take to answer. It answers from
// memory.
const answerWithin = 10 * time.Second

// largestAnswer is the largest answer. A larger one is not from lostorder.
const largestAnswer = 64 << 20

// client reads the HTTP API of a running lostorder.
type client struct{ base string } // ends with a slash

// urlFlag is the flag for the address of the lostorder that a command asks.
func urlFlag(clause *kingpin.CmdClause) *string {
	return clause.Flag("url", "Address of the running lostorder. It may contain credentials: http://USER:PASSWORD@HOST:PORT.").
		Default("http://localhost" + defaultListen).Envar("LOSTORDER_URL").String()
}

// newClient parses the address, with or without scheme, slash, user and password.
func newClient(address string) (client, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return client{}, errors.New("not a URL; write for example http://localhost:10404")
	}
	u.RawQuery, u.Fragment = "", ""
	return client{base: strings.TrimSuffix(u.String(), "/") + "/"}, nil
}

// String is the address without its password.
func (c client) String() string {
	u, err := url.Parse(c.base)
	if err != nil {
		return ""
	}
	return u.Redacted()
}

// findings reads the findings that the query selects.
func (c client) findings(ctx context.Context, query string) (answer api.Findings, err error) {
	for after := ""; ; {
		body, err := c.get(ctx, "api/v1/findings?"+query+after)
		if err != nil {
			return answer, err
		}
		var page api.Findings
		if err := json.Unmarshal(body, &page); err != nil || page.Findings == nil {
			return answer, fmt.Errorf("%s answers, and not as lostorder does; is this its address?", c)
		}
		untrusted.Value(&page)
		next := page.Next
		page.Findings, page.Next = append(answer.Findings, page.Findings...), ""
		if answer = page; next == "" || len(answer.Findings) >= mostFindings {
			return answer, nil
		}
		after = "&after=" + url.QueryEscape(next)
	}
}

// await returns when lostorder answers, or cannot be connected to within this time. What asks
// next reports why.
func (c client) await(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		_, err := c.get(ctx, "-/healthy")
		if _, unreachable := errors.AsType[*net.OpError](err); !unreachable {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-retry.C:
		}
	}
}

// retryEvery is between two attempts to connect.
const retryEvery = 500 * time.Millisecond

// mostFindings bounds what is asked for, however many pages there are.
const mostFindings = 100_000

func (c client) get(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if named, ok := errors.AsType[*url.Error](err); ok {
			err = named.Err // the outer error would repeat the address
		}
		return nil, fmt.Errorf("ask lostorder at %s: %w; is it running, and is --url right?", c, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer of %s: %w", c, err)
	case resp.StatusCode == http.StatusUnauthorized:
		return nil, fmt.Errorf("%s asks for a user and a password (401); write them as --url=http://USER:PASSWORD@HOST:PORT", c)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answers %s%s", c, untrusted.Text(resp.Status), reason(body))
	}
	return body, nil
}

// reason is the API's error for a request.
func reason(body []byte) string {
	var said api.Problem
	if json.Unmarshal(body, &said) != nil || said.Detail == "" {
		return "; is this the address of a lostorder?"
	}
	return ": " + untrusted.Text(said.Detail)
}
