package age

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const minute = signal.Instant(60_000)

func TestAgeOfTheHeadFollowsSamplesAndProbes(t *testing.T) {
	const start = signal.Instant(1_700_000_000_000)
	at := func(minutes float64) signal.Instant { return start + signal.Instant(minutes*float64(minute)) }
	type sample struct {
		end int64
		at  signal.Instant
	}
	type answer struct {
		asked  signal.Instant
		offset int64
		at     signal.Instant
	}
	for name, test := range map[string]struct {
		samples []sample
		answers []answer
		head    int64
		want    signal.Age
		good    bool
	}{
		"a message is at least as old as its first sample": {
			samples: []sample{{10, at(0)}},
			head:    5, want: signal.Age{Since: at(0), Bound: signal.AtLeast},
		},
		"a message between two samples is at least as old as the second": {
			samples: []sample{{10, at(0)}, {20, at(0.25)}},
			head:    12, want: signal.Age{Since: at(0.25), Bound: signal.AtLeast},
		},
		"an interval is exact enough at a twentieth of the age": {
			samples: []sample{{10, at(0)}, {20, at(0.25)}, {20, at(6)}},
			head:    12, want: signal.Age{Since: at(0.25), Bound: signal.Measured}, good: true,
		},
		"the first message after an idle hour is not an hour old": {
			samples: []sample{{10, at(0)}, {10, at(60)}, {11, at(60.25)}},
			head:    10, want: signal.Age{Since: at(60.25), Bound: signal.AtLeast},
		},
		"the probe found the message itself": {
			samples: []sample{{10, at(0)}},
			answers: []answer{{at(-9), 5, at(-8)}},
			head:    5, want: signal.Age{Since: at(-8), Bound: signal.Measured}, good: true,
		},
		"the answer is after the head, so the head is older than the probe": {
			samples: []sample{{10, at(0)}},
			answers: []answer{{at(-9), 7, at(-8)}},
			head:    5, want: signal.Age{Since: at(-9), Bound: signal.AtLeast},
		},
		"no message is as young as the probe": {
			samples: []sample{{10, at(0)}},
			answers: []answer{{at(-9), -1, 0}},
			head:    5, want: signal.Age{Since: at(-9), Bound: signal.AtLeast},
		},
		"bracketed by its neighbours": {
			samples: []sample{{10, at(0)}},
			answers: []answer{{at(-100.5), 4, at(-100)}, {at(-99.5), 6, at(-99)}},
			head:    5, want: signal.Age{Since: at(-99.5), Bound: signal.Measured}, good: true,
		},
		"a replayed message with an old timestamp has waited since it arrived": {
			samples: []sample{{10, at(0)}, {20, at(0.25)}},
			answers: []answer{{at(0), -1, 0}, {at(-900), 10, at(-900)}},
			head:    10, want: signal.Age{Since: at(0), Bound: signal.Measured}, good: true,
		},
		"a message with a future timestamp has waited since its sample": {
			samples: []sample{{10, at(0)}, {20, at(0.25)}},
			answers: []answer{{at(0), 10, at(50)}},
			head:    10, want: signal.Age{Since: at(0.25), Bound: signal.Measured}, good: true,
		},
		"a small clock skew is accepted": {
			samples: []sample{{10, at(0)}, {20, at(0.25)}},
			answers: []answer{{at(-1), 10, at(0) - 400}},
			head:    10, want: signal.Age{Since: at(0) - 400, Bound: signal.Measured}, good: true,
		},
		"timestamps out of order bound from one side only": {
			samples: []sample{{10, at(0)}},
			answers: []answer{{at(-3), 2, at(-2)}, {at(-60), 7, at(-1)}},
			head:    5, want: signal.Age{Since: at(-60), Bound: signal.AtLeast},
		},
		"a recreated topic starts again": {
			samples: []sample{{100, at(0)}, {200, at(1)}, {3, at(2)}},
			head:    1, want: signal.Age{Since: at(2), Bound: signal.AtLeast},
		},
		"nothing waits": {
			samples: []sample{{10, at(0)}},
			head:    10, good: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l Timeline
			var now signal.Instant
			for i, s := range test.samples {
				l.Observe(s.end, s.at)
				l.Begin(test.head, uint64(i))
				now = s.at
			}
			for _, a := range test.answers {
				l.lag.learn(a.asked, a.offset, a.at, l.last.offset)
			}
			got, good := l.Age(test.head, now)
			if got != test.want || good != test.good {
				t.Errorf("got %+v, good %v; want %+v, good %v (start %d)", got, good, test.want, test.good, start)
			}
		})
	}
}

// TestProbesFindTheAge asks a log of many messages until the age of a head is
// known, and counts how often it had to.
func TestProbesFindTheAge(t *testing.T) {
	const now = signal.Instant(1_700_000_000_000)
	for name, gap := range map[string]func(*rand.Rand) float64{
		"even":   func(*rand.Rand) float64 { return 700 },
		"random": func(r *rand.Rand) float64 { return r.ExpFloat64() * 3000 },
		"bursts with long silences": func(r *rand.Rand) float64 {
			if r.IntN(50) == 0 {
				return r.Float64() * 3_600_000
			}
			return r.Float64() * 20
		},
		"all at once": func(*rand.Rand) float64 { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			written := make([]signal.Instant, 5000)
			at := float64(now)
			for i := range written {
				at -= gap(r)
				written[len(written)-1-i] = signal.Instant(at) - 5
			}
			total, worst := 0, 0
			for range 200 {
				head := r.Int64N(int64(len(written)))
				var l Timeline
				l.Observe(int64(len(written)), now)
				l.Begin(head, 1)
				tries := 0
				for ; tries < 2*triesPerHead; tries++ {
					if _, good := l.Age(head, now); good {
						break
					}
					asked := l.question(head)
					l.lag.tries++
					offset, _ := slices.BinarySearch(written, asked)
					if offset == len(written) {
						l.lag.learn(asked, -1, -1, int64(len(written)))
					} else {
						l.lag.learn(asked, int64(offset), written[offset], int64(len(written)))
					}
				}
				total, worst = total+tries, max(worst, tries)
				age, good := l.Age(head, now)
				if !good {
					t.Fatalf("head %d is not known after %d tries", head, tries)
				}
				// Never older than it is, and not younger by more than a twentieth.
				off := age.Since.Sub(written[head])
				if truth := now.Sub(written[head]); off < 0 || off > max(time.Second, truth/19) {
					t.Errorf("head %d was written %s ago, said %s", head, truth, now.Sub(age.Since))
				}
			}
			t.Logf("%.1f probes for a head, %d at worst", float64(total)/200, worst)
			if worst > triesPerHead {
				t.Errorf("%d probes for a head, want at most %d", worst, triesPerHead)
			}
		})
	}
}

// TestMemoryOfALongLagIsBounded lets a reader lag for a day while messages come.
func TestMemoryOfALongLagIsBounded(t *testing.T) {
	var l Timeline
	now := signal.Instant(1_700_000_000_000)
	began := now
	for i := range int64(24 * 60 * 4) {
		now += 15_000
		l.Observe(i+1, now)
		l.Begin(0, uint64(i))
		l.End(uint64(i))
	}
	if n := len(l.lag.samples); n > boundsKept {
		t.Errorf("%d samples are kept", n)
	}
	if age, good := l.Age(0, now); !good && age.Since != began+15_000 {
		t.Errorf("got %v, %v", age, good)
	}
	// A reader that caught up to half of it is known to within the tolerance.
	if age, _ := l.Age(24*60*2, now); now.Sub(age.Since) < 9*time.Hour {
		t.Errorf("the message of 12 h ago is said to be %s old", now.Sub(age.Since))
	}
	l.Begin(24*60*4-1, 1<<40)
	l.End(1 << 40)
	l.End(1<<40 + 1)
	if l.lag != nil {
		t.Error("what nobody needs any more is kept")
	}
}

// TestBurstIsMeasuredWithThreeProbesPerReading: the messages of each interval come at once.
func TestBurstIsMeasuredWithThreeProbesPerReading(t *testing.T) {
	for _, after := range []signal.Instant{0, 500, 4_500, 10_000, 14_000} {
		const start, interval = signal.Instant(1_700_000_000_000), signal.Instant(15_000)
		var l Timeline
		l.Observe(0, start)
		l.Begin(0, 1)
		now := start
		burst := func(reading int) signal.Instant { return start + interval*signal.Instant(reading-2) + after }
		for reading := 2; reading < 40; reading++ {
			now += interval
			end := int64(reading-1) * 1000
			head := end - 400 // in the latest burst
			l.Observe(end, now)
			l.Begin(head, uint64(reading))
			for round := range 4 {
				if _, good := l.Want(head, round, now); good || !l.Wanted() {
					break
				}
				asked, offset, at := l.Probe(), int64(-1), signal.Instant(0)
				l.Done()
				for b := 2; b <= reading && offset < 0; b++ {
					if burst(b) >= asked {
						offset, at = int64(b-2)*1000, burst(b)
					}
				}
				l.Learn(asked, offset, at, end)
			}
			got, good := l.Age(head, now)
			if off := got.Since.Sub(burst(reading)); !good || off < -time.Second || off > time.Second {
				t.Errorf("%d ms after the last reading, reading %d: %s off, %s", after, reading, off, got.Bound)
			}
			l.End(uint64(reading))
		}
	}
}
