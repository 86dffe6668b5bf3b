package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/watch"
)

func TestRepeatedFailureSaysHowOftenItWasFoundInSevenDays(t *testing.T) {
	again := func(s *watch.Snapshot, ago ...time.Duration) *watch.Snapshot {
		for _, d := range ago {
			f := s.Open[0]
			f.ID, f.ClosedAt = "earlier", before(d)
			s.Closed = append(s.Closed, f)
		}
		return s
	}
	const day = 24 * time.Hour
	for sentence, tc := range map[string]struct {
		ago       []time.Duration
		page, api string
	}{
		"it is the first":                   {nil, "", `"times_in_7_days": 1`},
		"it was open last month":            {[]time.Duration{20 * day}, "", `"times_in_7_days": 1`},
		"it was open twice this week":       {[]time.Duration{time.Hour, 3 * day, 8 * day}, "third time in 7 days", `"times_in_7_days": 3`},
		"it was open more often than words": {[]time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "12 times in 7 days", `"times_in_7_days": 12`},
	} {
		t.Run(sentence, func(t *testing.T) {
			h := handler(again(troubled(), tc.ago...))
			_, page := do(t, h, http.MethodGet, "/findings/a1b2c3")
			if !strings.Contains(page, tc.page) || tc.page == "" && strings.Contains(page, "in 7 days") {
				t.Errorf("the page does not say %q", tc.page)
			}
			if _, body := do(t, h, http.MethodGet, "/api/v1/findings/a1b2c3"); !strings.Contains(body, tc.api) {
				t.Errorf("the API answers %s", body)
			}
		})
	}
}

func TestFindingFromBeforeARestartIsMarkedAsNotConfirmed(t *testing.T) {
	s := troubled()
	s.Open[0].Unconfirmed = true
	for path, want := range map[string]string{
		"/": "not confirmed yet", "/findings/a1b2c3": "not confirmed yet", "/api/v1/findings/a1b2c3": `"unconfirmed": true`,
	} {
		if _, body := do(t, handler(s), http.MethodGet, path); strings.Count(body, want) != 1 {
			t.Errorf("%s: %q is there %d times", path, want, strings.Count(body, want))
		}
	}
}
