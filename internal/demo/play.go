package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// Options says what to play.
type Options struct {
	Duration time.Duration // of a shop that is not slower
	Faults   []signal.Mode // nil: all
	Rand     *rand.Rand    // of the schedule alone
	// Findings asks lostorder for all its findings, open and closed.
	Findings func(context.Context) ([]api.Finding, error)
	Reporter Reporter
}

// Summary is the result of a demo.
type Summary struct {
	Faults        int `json:"faults"`
	Found         int `json:"found"`
	FalseFindings int `json:"false_findings"`
	// LateSeconds is the longest delay of an answer compared with an idle machine. Busy is
	// set when it is so long that a benign twin may really have broken something, or a fault
	// may have healed before it was visible.
	LateSeconds float64 `json:"late_seconds"`
	Busy        bool    `json:"busy"`
}

// Perfect reports whether every fault was found and nothing else.
func (s Summary) Perfect() bool { return s.Found == s.Faults && s.FalseFindings == 0 }

// pollFindingsEvery is the interval at which the demo reads lostorder's findings.
const pollFindingsEvery = 200 * time.Millisecond

// busy is the delay of an answer above which the machine counts as too busy.
const busy = 200 * time.Millisecond

// ParseFaults reads the value of --faults: all, none, or modes with commas.
func ParseFaults(text string) ([]signal.Mode, error) {
	var known []signal.Mode
	for _, d := range Drills() {
		if !slices.Contains(known, d.Mode) {
			known = append(known, d.Mode)
		}
	}
	switch text {
	case "all", "":
		return known, nil
	case "none":
		return []signal.Mode{}, nil
	}
	var modes []signal.Mode
	for name := range strings.SplitSeq(text, ",") {
		mode := signal.Mode(strings.TrimSpace(name))
		if !slices.Contains(known, mode) {
			return nil, fmt.Errorf("unknown fault %q; choose all, none or some of %s", mode, joinModes(known))
		}
		modes = append(modes, mode)
	}
	return modes, nil
}

func joinModes(modes []signal.Mode) string {
	names := make([]string, len(modes))
	for i, m := range modes {
		names[i] = string(m)
	}
	return strings.Join(names, ", ")
}

// Play injects the faults into the shop, reads lostorder's findings and reports both.
func (s *Shop) Play(ctx context.Context, o Options) (Summary, error) {
	faults := slices.DeleteFunc(s.faults(o.Rand), func(f fault) bool { return o.Faults != nil && !slices.Contains(o.Faults, f.mode) })
	lanes, err := plan(faults, o.Duration, o.Rand)
	if err != nil {
		return Summary{}, err
	}
	duration := s.pace(o.Duration)
	ctx, cancel := context.WithCancel(withPace(ctx, s.slower))
	defer cancel()
	score := newScore(s.pace(late))
	began, asked, latest := time.Now(), time.Now(), time.Duration(0)
	o.Reporter.Begin(duration, len(lanes), s.addresses())

	var playing sync.WaitGroup
	failed := make(chan error, 2*len(lanes))
	for _, l := range lanes {
		playing.Go(func() {
			if err := playLane(ctx, l, score, o.Reporter); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("play %s: %w", l.fault.mode, err)
			}
		})
	}

	for time.Since(began) < duration && pause(ctx, pollFindingsEvery) {
		findings, err := o.Findings(ctx)
		latest = max(latest, time.Since(asked)-s.pace(pollFindingsEvery))
		asked = time.Now()
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return Summary{}, fmt.Errorf("ask lostorder for its findings: %w", err)
		}
		found, closed := score.take(findings, time.Now())
		for _, f := range found {
			o.Reporter.Found(f)
		}
		for _, f := range closed {
			o.Reporter.Closed(f)
		}
		select {
		case err := <-failed:
			return Summary{}, err
		default:
		}
	}
	interrupted := ctx.Err()
	cancel()
	playing.Wait()
	if interrupted != nil {
		return Summary{}, errors.New("interrupted")
	}

	wrong := score.falseFindings()
	summary := Summary{Faults: len(lanes), FalseFindings: len(wrong), LateSeconds: latest.Seconds(), Busy: latest > busy}
	for _, f := range score.faults {
		if f.Finding != nil {
			summary.Found++
		}
	}
	o.Reporter.End(score.faults, wrong, summary)
	return summary, nil
}

// playLane plays a fault and its benign twin, in the order of the lane.
func playLane(ctx context.Context, l lane, score *score, reporter Reporter) error {
	steps := []func() error{
		func() error { return playFault(ctx, l.fault, score, reporter) },
		func() error { reporter.Twin(l.fault.mode, l.fault.twinTitle); return playTwin(ctx, l.fault) },
	}
	if l.twinFirst {
		slices.Reverse(steps)
	}
	if !pause(ctx, l.first) {
		return nil
	}
	if err := steps[0](); err != nil {
		return err
	}
	if !pause(ctx, l.between) {
		return nil
	}
	return steps[1]()
}

func playTwin(ctx context.Context, f fault) error {
	lasts := time.NewTimer(paced(ctx, f.twinLasts))
	defer lasts.Stop()
	if err := f.twin(ctx); err != nil {
		return err
	}
	select {
	case <-lasts.C:
	case <-ctx.Done():
	}
	return nil
}

func playFault(ctx context.Context, f fault, score *score, reporter Reporter) error {
	began := time.Now()
	expect, err := f.inject(ctx)
	if err != nil {
		return err
	}
	i := &injected{Mode: f.mode, Title: f.title, Expect: expect, At: began}
	score.inject(i)
	reporter.Injected(i)
	pause(ctx, f.lasts)
	if err := f.heal(ctx); err != nil {
		return err
	}
	score.heal(i, time.Now())
	return nil
}

// Drill names one fault that the demo can inject, and its benign twin.
type Drill struct {
	Mode   signal.Mode
	Fault  string
	Benign string
}

// Drills returns all that the demo can inject.
func Drills() []Drill {
	var drills []Drill
	for _, f := range (&Shop{}).faults(rand.New(rand.NewPCG(0, 0))) {
		drills = append(drills, Drill{f.mode, f.title, f.twinTitle})
	}
	return drills
}
