package rabbitmq_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestArrivalsOfDeadLettersAreCountedFromDepthAndProgress(t *testing.T) {
	type standing struct{ there, processed int64 }
	for name, test := range map[string]struct {
		stands []standing // one every three seconds
		want   []signal.Count
	}{
		"what is there at first counts":        {[]standing{{2, 0}}, []signal.Count{2}},
		"each that comes is counted at once":   {[]standing{{2, 0}, {5, 0}, {6, 0}}, []signal.Count{2, 5, 6}},
		"a purge is no arrival":                {[]standing{{9, 0}, {0, 0}, {1, 0}}, []signal.Count{9, 9, 10}},
		"an expiry is no arrival":              {[]standing{{9, 0}, {8, 0}, {7, 0}, {8, 0}}, []signal.Count{9, 9, 9, 10}},
		"taken out, the depth told late":       {[]standing{{9, 0}, {9, 9}, {0, 9}, {0, 9}, {0, 9}}, []signal.Count{9, 9, 9, 9, 9}},
		"one comes while others are taken out": {[]standing{{9, 0}, {5, 5}, {5, 5}, {5, 5}}, []signal.Count{9, 9, 9, 10}},
		"a node restarts and counts anew":      {[]standing{{3, 40}, {3, 0}, {3, 0}, {3, 0}, {4, 0}}, []signal.Count{43, 43, 43, 43, 44}},
	} {
		t.Run(name, func(t *testing.T) {
			var a rabbitmq.Arrivals
			var got []signal.Count
			at := signal.InstantOf(time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC))
			for _, s := range test.stands {
				got = append(got, a.Count(s.processed, s.there, at))
				at = at.Add(3 * time.Second)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
