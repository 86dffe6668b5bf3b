package detect_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// throughJSON and throughGob write a memory and read it into another.
func throughJSON(t *testing.T, m *detect.Memory) *detect.Memory {
	t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var read detect.Memory
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	return &read
}

func throughGob(t *testing.T, m *detect.Memory) *detect.Memory {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(m); err != nil {
		t.Fatal(err)
	}
	var read detect.Memory
	if err := gob.NewDecoder(&b).Decode(&read); err != nil {
		t.Fatal(err)
	}
	return &read
}

// throughParts writes a memory as internal/state does.
func throughParts(t *testing.T, m *detect.Memory) *detect.Memory {
	t.Helper()
	parts := map[string][]byte{}
	if err := m.Parts(func(key string, body []byte) { parts[key] = bytes.Clone(body) }); err != nil {
		t.Fatal(err)
	}
	read, err := detect.MemoryOf(parts)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// reload replaces the detector by one with the same memory, as a restart with state does.
func (s *script) reload(through func(*testing.T, *detect.Memory) *detect.Memory) {
	s.t.Helper()
	after := detect.New()
	after.RestoreFindings(s.detector.OpenFindings())
	for _, id := range s.detector.Targets() {
		m, ok := s.detector.Snapshot(id)
		if !ok {
			s.t.Fatalf("%s is remembered and has no snapshot", id)
		}
		if err := after.Restore(through(s.t, m)); err != nil {
			s.t.Fatal(err)
		}
		after.Confirm(id, m.Last) // the source did not restart, and finds nothing again
	}
	s.detector = after
}

// TestDetectorWithMemoryEqualsOneThatNeverRestarted plays every story twice: without a
// restart, and with a restart now and then.
func TestDetectorWithMemoryEqualsOneThatNeverRestarted(t *testing.T) {
	played := 0
	for _, scenarios := range []map[string]scenario{queueCases, transactionCases, growthCases, expiryCases, overdueCases, unknownStateCases, retryCases, letterCases, trimmingCases, slotCases, binlogCases, skippedCases} {
		for name, tc := range scenarios {
			if testing.Short() || slices.ContainsFunc([]string{"five hundred", "two hundred"}, func(s string) bool { return strings.Contains(name, s) }) {
				continue
			}
			played++
			t.Run(name, func(t *testing.T) {
				plain := newScript(t)
				tc.story(plain)
				restarted := newScript(t)
				readings := 0
				restarted.before = func(s *script) {
					readings++
					if readings%37 == 0 { // each reading would take minutes
						s.reload([]func(*testing.T, *detect.Memory) *detect.Memory{throughJSON, throughGob, throughParts}[readings/37%3])
					}
				}
				tc.story(restarted)
				if a, b := summaries(plain.opened), summaries(restarted.opened); a != b {
					t.Errorf("without a restart it opened\n%swith restarts\n%s", a, b)
				}
				if a, b := summaries(plain.closed), summaries(restarted.closed); a != b {
					t.Errorf("without a restart it closed\n%swith restarts\n%s", a, b)
				}
				if a, b := summaries(plain.detector.Open()), summaries(restarted.detector.Open()); a != b {
					t.Errorf("without a restart is open\n%swith restarts\n%s", a, b)
				}
				if a, b := fmt.Sprint(plain.detector.Expiries()), fmt.Sprint(restarted.detector.Expiries()); a != b {
					t.Errorf("without a restart expires %s, with restarts %s", a, b)
				}
			})
		}
	}
	if played < 100 && !testing.Short() {
		t.Errorf("played %d stories", played)
	}
}

func summaries(findings []signal.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s %s %s since %s found %s closed %s: %s %v\n", f.ID, f.Mode, f.Severity, f.Subject, f.Since, f.DetectedAt, f.ClosedAt, f.Summary, f.Evidence)
	}
	return b.String()
}

func TestMemoryOfAnotherVersionIsRefused(t *testing.T) {
	err := detect.New().Restore(&detect.Memory{Version: detect.MemoryVersion + 1, Target: signal.TargetID{Collector: "kafka", Target: "main"}})
	if err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("got %v", err)
	}
}

func TestRestoredMemoryOfAnotherClusterIsDropped(t *testing.T) {
	s := newScript(t)
	s.identity = "cluster-1"
	s.play(6*time.Minute, func(int) signal.Report { return group(1, part(0, 50, 60)) })
	if len(s.detector.Open()) != 1 {
		t.Fatalf("open %v", s.open())
	}
	s.reload(throughJSON)
	s.identity = "cluster-2"
	s.play(interval, func(int) signal.Report { return group(1, part(0, 50, 60)) })
	if len(s.detector.Open()) != 0 || len(s.closed) != 1 {
		t.Errorf("open %v, closed %v", s.open(), s.closed)
	}
}
