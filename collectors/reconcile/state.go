package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/compare"
	"github.com/lostorder/lostorder/internal/signal"
)

// saveEvery is how often the state is written. What a crash loses of it is read again.
const saveEvery = time.Minute

// state is what is kept over a restart: how far the round and the new rows have been
// compared, and the keys that differed. That they were told is not kept: they are
// told again once a look at the primaries, after the restart, confirms them.
type state struct {
	Check    string         `json:"check"` // which check it is of
	Saved    time.Time      `json:"saved"`
	Round    roundState     `json:"round"`
	Marks    [2]string      `json:"marks"` // up to where new rows were looked at
	Suspects []suspectState `json:"suspects"`
}

type roundState struct {
	From      database.Key `json:"from"`
	Began     time.Time    `json:"began"`
	Rows      int64        `json:"rows"`
	Of        [2]int64     `json:"of"`
	Passed    float64      `json:"passed"`
	Whole     float64      `json:"whole"`
	Second    bool         `json:"second"`
	Scattered bool         `json:"scattered"`
}

type suspectState struct {
	Key    database.Key        `json:"key"`
	Kind   signal.MismatchKind `json:"kind"`
	Detail string              `json:"detail,omitempty"`
	Since  signal.Instant      `json:"since"`
	Trace  string              `json:"trace,omitempty"`
	First  time.Time           `json:"first"`
}

// fingerprint tells a check from every other, and from itself with other settings
// that say what is compared: what was found out about one is nothing to the others.
func (r *reader) fingerprint() string {
	c := &r.config
	hash := sha256.New()
	fmt.Fprintf(hash, "%q %q %v %q", c.Name, c.Expect, c.Within, r.sides[left].keyed.KeyForms)
	for _, s := range []*Side{&c.Left, &c.Right} {
		fmt.Fprintf(hash, " %q %q %q %q", s.Database, s.Table, s.Columns, s.Where)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// restore goes on from where the last run was.
func (r *reader) restore() {
	if r.restored || r.config.StateFile == "" {
		return
	}
	r.restored, r.saved = true, time.Now()
	_, r.unsaved = os.Stat(filepath.Dir(r.config.StateFile))
	text, err := os.ReadFile(r.config.StateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var s state
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err == nil && s.Check != r.fingerprint() {
		err = errors.New("it is of another check, or of this one as it was configured before")
	}
	if err != nil {
		r.log.Warn("state is not read, and the round begins anew", "state_file", r.config.StateFile, "err", err)
		return
	}
	r.round = round{
		from: s.Round.From, began: s.Round.Began, rows: s.Round.Rows, of: s.Round.Of, passed: s.Round.Passed,
		whole: s.Round.Whole, second: s.Round.Second, block: largest,
	}
	r.round.told = int(10 * r.round.part())
	r.scattered = s.Round.Scattered
	for role := range s.Marks {
		r.tails[role].mark = compare.PositionOf(s.Marks[role])
	}
	for _, c := range s.Suspects {
		r.suspects.all[c.Key.ID()] = &suspect{
			key: c.Key, found: mismatch{kind: c.Kind, detail: c.Detail, since: c.Since, trace: c.Trace}, first: c.First, looked: c.First,
		}
	}
	r.log.Info("goes on from where it was", "state_file", r.config.StateFile, "saved", s.Saved, "compared", s.Round.Rows, "differed", len(s.Suspects))
}

// save keeps the state, now and then. It is kept from the second reading on: a check
// of the config reads once, and has to leave alone what the one that runs has written.
func (r *reader) save(now time.Time) error {
	if r.config.StateFile == "" || r.readings < 2 || r.sides[left].keyed == nil {
		return nil
	}
	r.saved = now
	s := state{
		Check: r.fingerprint(), Saved: now.UTC(),
		Round: roundState{
			From: r.round.from, Began: r.round.began, Rows: r.round.rows, Of: r.round.of, Passed: r.round.passed,
			Whole: r.round.whole, Second: r.round.second, Scattered: r.scattered,
		},
		Suspects: make([]suspectState, 0, len(r.suspects.all)),
	}
	for role, t := range r.tails {
		s.Marks[role] = t.mark.String()
	}
	for _, c := range r.suspects.all {
		s.Suspects = append(s.Suspects, suspectState{c.key, c.found.kind, c.found.detail, c.found.since, c.found.trace, c.first})
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	// The file is at all times the old one or the new one, and only this user may read it.
	return renameio.WriteFile(r.config.StateFile, text, 0o600,
		renameio.WithTempDir(filepath.Dir(r.config.StateFile)), renameio.WithStaticPermissions(0o600))
}
