package reconcile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/untrusted"
)

// largestState bounds the state file: fifty thousand suspects take less.
const largestState = 64 << 20

// load reads the state file and refuses what this check cannot have written.
func (r *reader) load() (s state, err error) {
	file, err := os.Open(r.config.StateFile)
	if err != nil {
		return s, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, largestState+1))
	switch {
	case err != nil:
		return s, err
	case len(text) > largestState:
		return s, fmt.Errorf("it is larger than %d MiB", largestState>>20)
	}
	if text, err = r.veil.Unseal(text); err != nil {
		return s, err
	}
	return r.decode(text)
}

// decode reads a state file.
func (r *reader) decode(text []byte) (s state, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return s, errors.New("it is no state of a check") // the error of the decoder may hold a key
	}
	if s.Check != r.fingerprint() {
		return s, errors.New("it belongs to another check, or to this check with an earlier configuration")
	}
	return s, r.validate(&s)
}

// validate returns what in a state cannot be right.
func (r *reader) validate(s *state) error {
	return s.validate(len(r.sides[left].keyed.Key), r.config, time.Now())
}

// validate returns what in a state cannot be right.
func (s *state) validate(columns int, c Config, now time.Time) error {
	numbers := []float64{s.Round.Passed, s.Round.Whole}
	counts := []int64{s.Round.Rows, s.Round.Of[0], s.Round.Of[1], s.Round.Seen[0], s.Round.Seen[1]}
	later := now.Add(dialect.ClockTolerance)
	switch {
	case s.Round.From != nil && !isKey(s.Round.From, columns):
		return errors.New("the position of the pass is no key of this check")
	case slices.ContainsFunc(numbers, func(n float64) bool { return n < 0 || math.IsNaN(n) || math.IsInf(n, 0) }), s.Round.Whole == 0 && !s.Round.Began.IsZero(),
		slices.ContainsFunc(counts, func(n int64) bool { return n < 0 }):
		return errors.New("it counts rows that cannot be")
	case s.Saved.After(later), s.Round.Began.After(later):
		return errors.New("it is from the future")
	case len(s.Suspects) > maxSuspects:
		return fmt.Errorf("it has %d mismatches, and %d are the most", len(s.Suspects), maxSuspects)
	}
	for i := range s.Suspects {
		switch one := &s.Suspects[i]; {
		case !isKey(one.Key, columns):
			return errors.New("the key of a mismatch is no key of this check")
		case !slices.Contains(c.kinds(), one.Kind):
			return errors.New("a mismatch is of a kind that this check does not report")
		case one.First.After(later), one.Since.Known() && one.Since.Time().After(later):
			return errors.New("a mismatch is from the future")
		case len(one.Detail) > longestDetail:
			return errors.New("the text of a mismatch is too long")
		default:
			one.Detail, one.Trace = untrusted.Text(one.Detail), untrusted.Text(one.Trace)
		}
	}
	return nil
}

// longestDetail bounds the text of a mismatch in a state file.
const longestDetail = 64 << 10

// isKey reports whether a key has a part for each column.
func isKey(k database.Key, columns int) bool {
	return len(k) == columns && !slices.ContainsFunc(k, func(part string) bool {
		return strings.ContainsRune(part, dialect.Separator)
	})
}
