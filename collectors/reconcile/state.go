package reconcile

import (
	"context"
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

// saveEvery is how often the state is written. After a crash, what is missing from it is
// read again.
const saveEvery = time.Minute

// state is what survives a restart: the position of the pass and of the new rows, and the
// keys that differ. They are reported again once a comparison on the primaries after the
// restart confirms them.
type state struct {
	Check    string         `json:"check"` // the check that it belongs to
	Saved    time.Time      `json:"saved"`
	Round    roundState     `json:"round"`
	Marks    [2]string      `json:"marks"` // the last new rows that were compared
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
	Seen      [2]int64     `json:"seen"`
	Scattered bool         `json:"scattered"`
}

type suspectState struct {
	Key    database.Key        `json:"key"`
	Kind   signal.MismatchKind `json:"kind"`
	Detail string              `json:"detail,omitempty"`
	Since  signal.Instant      `json:"since"`
	Trace  string              `json:"trace,omitempty"`
	First  time.Time           `json:"first"`
	// Confirmed: it was reported.
	Confirmed bool `json:"confirmed,omitempty"`
}

// fingerprint identifies a check and the settings that define what it compares. The state
// of one check is useless for another.
func (r *reader) fingerprint() string {
	c := &r.config
	hash := sha256.New()
	fmt.Fprintf(hash, "%q %q %v %q", c.Name, c.Expect, c.Within, r.sides[left].keyed.KeyForms)
	for _, s := range []*Side{&c.Left, &c.Right} {
		columns := struct {
			Key             []string
			At, Traceparent string
			Values          []string
		}{s.Columns.Key, s.Columns.At, s.Columns.Traceparent, s.Columns.Values}
		fmt.Fprintf(hash, " %q %q %q %q", s.Database, s.Table, columns, s.Where)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Recall takes what the check remembered before a restart. It is decoded by the first
// reading, which knows the columns.
func (r *reader) Recall(memory []byte) {
	r.kept = true
	r.Recollection.Recall(memory)
}

// Remember returns what the check remembers: at once when a mismatch was confirmed or
// ended, and else from time to time.
func (r *reader) Remember(last bool) ([]byte, error) {
	now := time.Now()
	if !r.restored || !last && !r.suspects.changed && now.Sub(r.saved) < saveEvery {
		return nil, nil
	}
	r.saved, r.suspects.changed = now, false
	return r.Encode(r.fingerprint(), signal.InstantOf(now), r.known(now))
}

// read returns what the check remembered: its memory, or the file that had this purpose
// before; false where there is nothing, or nothing of use.
func (r *reader) read() (s state, from string, ok bool) {
	if r.Recalled() || r.config.StateFile == "" {
		s, ok = r.Resume(r.fingerprint(), signal.InstantOf(time.Now()), r.validate, r.log)
		return s, "state.dir", ok
	}
	s, err := r.load()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.ignored("all of it: a new pass begins", r.config.StateFile, err)
	}
	return s, r.config.StateFile, err == nil
}

// ignored logs what of the memory is of no use.
func (r *reader) ignored(what, from string, err error) {
	r.log.Warn("part of what the check remembered is ignored", "ignored", what, "from", from, "err", err)
}

// deprecated says what becomes of the state file.
func (r *reader) deprecated() {
	switch {
	case r.config.StateFile == "":
	case r.kept:
		r.log.Warn("state_file is deprecated and no longer written: state.dir keeps what it held; remove the key and the file", "state_file", r.config.StateFile)
	default:
		r.log.Warn("state_file is deprecated; set state: {dir: …}, which keeps the position of this check and everything else, and remove the key", "state_file", r.config.StateFile)
		_, r.unsaved = os.Stat(filepath.Dir(r.config.StateFile))
	}
}

// restore resumes from where the last run stopped. What it reads is not trusted:
// impossible values in it are ignored.
func (r *reader) restore(ctx context.Context) {
	if r.restored {
		return
	}
	r.restored, r.saved = true, time.Now()
	r.deprecated()
	s, from, ok := r.read()
	if !ok {
		return
	}
	r.pass = pass{
		from: s.Round.From, began: s.Round.Began, rows: s.Round.Rows, size: s.Round.Of, passed: s.Round.Passed,
		total: s.Round.Whole, second: s.Round.Second, seen: s.Round.Seen, block: maxRange,
	}
	r.pass.logged = int(10 * r.pass.part())
	r.scattered = s.Round.Scattered
	for role := range s.Marks {
		position := compare.PositionOf(s.Marks[role])
		if err := r.checkPosition(ctx, r.sides[role], position); err != nil {
			r.ignored("a position: only the latest rows are compared", from, err)
			continue
		}
		r.followers[role].last = position
	}
	for _, c := range s.Suspects {
		r.suspects.all[c.Key.ID()] = &suspect{
			key: c.Key, found: mismatch{kind: c.Kind, detail: c.Detail, since: c.Since, trace: c.Trace}, first: c.First, checked: c.First,
		}
		if c.Confirmed {
			r.suspects.recalled[c.Key.ID()] = true
		}
	}
	r.log.Info("pass resumed", "from", from, "saved", s.Saved, "compared", s.Round.Rows, "differed", len(s.Suspects))
}

// checkPosition returns why a position cannot be that of a row that was compared. The database
// reads it, for only it knows how it writes moments.
func (r *reader) checkPosition(ctx context.Context, s *side, p compare.Position) error {
	if !p.Known() || s.keyed.At == nil {
		return nil
	}
	return s.ask(ctx, func(in *database.Reading) error {
		past, err := s.keyed.IsPast(ctx, in, p)
		if err == nil && !past {
			err = errors.New("it is in the future, or no time")
		}
		return err
	})
}

// save writes the state, from the second reading on: `lostorder check` reads once, and
// must not overwrite the state of the running process. Where state.dir is set, it
// has the state.
func (r *reader) save(now time.Time) error {
	if r.kept || r.config.StateFile == "" || r.readings < 2 || r.sides[left].keyed == nil {
		return nil
	}
	r.saved = now
	text, err := r.encode(now)
	if err != nil {
		return err
	}
	if text, err = r.veil.Seal(text); err != nil {
		return err
	}
	// The file is at all times the old one or the new one, and only this user may read it.
	return renameio.WriteFile(r.config.StateFile, text, 0o600,
		renameio.WithTempDir(filepath.Dir(r.config.StateFile)), renameio.WithStaticPermissions(0o600))
}

// encode writes the state file.
func (r *reader) encode(now time.Time) ([]byte, error) { return json.Marshal(r.known(now)) }

// known is the position of the check, and its mismatches.
func (r *reader) known(now time.Time) state {
	s := state{
		Check: r.fingerprint(), Saved: now.UTC(),
		Round: roundState{
			From: r.pass.from, Began: r.pass.began, Rows: r.pass.rows, Of: r.pass.size, Passed: r.pass.passed,
			Whole: r.pass.total, Second: r.pass.second, Seen: r.pass.seen, Scattered: r.scattered,
		},
		Suspects: make([]suspectState, 0, len(r.suspects.all)),
	}
	for role, f := range r.followers {
		s.Marks[role] = f.last.String()
	}
	for _, c := range r.suspects.all {
		s.Suspects = append(s.Suspects, suspectState{c.key, c.found.kind, c.found.detail, c.found.since, c.found.trace, c.first, !c.confirmed.IsZero()})
	}
	return s
}

// trace takes whose data the databases show. Of other databases nothing is known. After a
// backup was restored, what differed is compared again before it counts.
func (r *reader) trace(report *signal.Report) {
	var origins []signal.Origin
	for _, s := range r.sides {
		if s != nil {
			origins = append(origins, s.origin)
		}
	}
	if r.Follow(report, r.log, origins...) == signal.Replaced {
		r.pass, r.scattered, r.empty, r.followers = pass{}, false, [2]bool{}, [2]follower{}
		r.suspects = suspects{all: map[string]*suspect{}, recalled: map[string]bool{}}
	}
}
