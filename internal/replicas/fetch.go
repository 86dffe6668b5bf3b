package replicas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/common/config"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/web/api"
)

const (
	// answerWithin is how long a replica may take to answer. It answers from memory.
	answerWithin = 3 * time.Second
	// largestAnswer bounds an answer: 10,000 findings with their samples are smaller.
	largestAnswer = 32 << 20
)

// Client returns a client that asks other replicas as a file in the form of Prometheus's HTTP
// client says (user and password, certificates), without any of it if the file is "". The
// addresses of replicas come from Leases, so it follows no redirect.
func Client(file string) (*http.Client, error) {
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: answerWithin},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if file == "" {
		return client, nil
	}
	options, _, err := config.LoadHTTPConfigFile(file)
	if err == nil {
		options.SetDirectory(filepath.Dir(file))
		client.Transport, err = config.NewRoundTripperFromConfig(*options, "replicas")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return client, nil
}

// whole is what one replica reads.
type whole struct {
	member  string
	targets map[signal.TargetID]*api.Target
	open    map[signal.TargetID][]signal.Finding
	closed  []signal.Finding
}

// fetch asks one replica for what it reads itself.
func fetch(ctx context.Context, client *http.Client, base string) (w whole, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var targets api.Targets
	if err := get(ctx, client, base+"/api/v1/targets?replica=self", &targets); err != nil {
		return w, err
	}
	var findings api.Findings
	if err := get(ctx, client, base+"/api/v1/findings?replica=self&state=all&limit="+strconv.Itoa(api.LargestLimit), &findings); err != nil {
		return w, err
	}
	if findings.Replica == nil {
		return w, errors.New("it answers, and does not share its targets")
	}
	w = whole{member: findings.Replica.Member, targets: map[signal.TargetID]*api.Target{}, open: map[signal.TargetID][]signal.Finding{}}
	// The findings say which targets they are about. The other answer may be from before or
	// after a hand-over.
	for _, name := range findings.Replica.Targets {
		w.targets[signal.ParseTargetID(name)] = nil
	}
	for i := range targets.Targets {
		t := &targets.Targets[i]
		if id := (signal.TargetID{Collector: t.Collector, Target: t.Target}); len(id.Collector) > 0 {
			if _, read := w.targets[id]; read {
				w.targets[id] = t
			}
		}
	}
	for i := range findings.Findings {
		f := finding(&findings.Findings[i])
		if f.Open() {
			w.open[f.Target] = append(w.open[f.Target], f)
		} else {
			w.closed = append(w.closed, f)
		}
	}
	return w, nil
}

func get(ctx context.Context, client *http.Client, address string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		if named, ok := errors.AsType[*url.Error](err); ok {
			err = named.Err // the outer error repeats the address, which may hold a password
		}
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("it answers %s; --shard.http.config.file gives this process the user and the password", untrusted.Text(response.Status))
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("it answers %s", untrusted.Text(response.Status))
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return errors.New("it answers, and not as lostorder does")
	}
	untrusted.Value(answer)
	return nil
}

// finding is a finding of the API as the decisions have it.
func finding(f *api.Finding) signal.Finding {
	return signal.Finding{
		ID: f.ID, Mode: f.Mode, Severity: f.Severity, Subject: f.Labels, Summary: f.Summary, Target: signal.ParseTargetID(f.Target),
		OrderIDs: f.OrderIDs, Count: f.Count, Since: f.Since, DetectedAt: f.DetectedAt, ClosedAt: f.ClosedAt, Unconfirmed: f.Unconfirmed,
		Evidence: f.Evidence, TraceID: f.TraceID, CausedBy: f.CausedBy, AtStake: signal.Stake{Amounts: f.Amounts, Coverage: f.AmountsOf}, Labels: f.CustomLabels,
	}
}
