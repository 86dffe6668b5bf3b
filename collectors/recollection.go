package collectors

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Recollection is what the reader of a database remembers across a restart, as values of K,
// and what says whether it can be believed: the config, the data and the moment that it belongs to.
// Readers embed it. It is written by encoding/gob: keys may be any bytes.
type Recollection[K any] struct {
	Databases []signal.Lineage // that the reader reads, in its order
	Resumed   bool             // the reader continues from before a restart

	text []byte // from before the restart, until the first reading
}

// clockSlack is how far clocks may differ.
const clockSlack = 5 * time.Second

type written[K any] struct {
	Config    string
	Saved     signal.Instant
	Databases []signal.Lineage
	Known     K
}

// Recall takes what was remembered before a restart. The first reading uses it, because it
// knows the clock of the database.
func (r *Recollection[K]) Recall(text []byte) { r.text = text }

// Recalled reports whether something was remembered that Resume has not returned yet.
func (r *Recollection[K]) Recalled() bool { return r.text != nil }

// Resume returns what was remembered before a restart, once; false where there is nothing, or
// nothing of use, which it logs. What is remembered of another config, or found impossible, is
// of no use.
func (r *Recollection[K]) Resume(config string, now signal.Instant, impossible func(*K) error, log *slog.Logger) (known K, ok bool) {
	text := r.text
	r.text = nil
	if text == nil {
		return known, false
	}
	var m written[K]
	err := gob.NewDecoder(bytes.NewReader(text)).Decode(&m)
	switch {
	case err != nil:
		err = errors.New("it is damaged") // the error may hold a part of it
	case m.Saved > now.Add(clockSlack):
		err = errors.New("it is from the future: the clock of the database was set back, or the database is another one")
	default:
		// Also of another config: it is the same database.
		r.Databases = m.Databases
		if m.Config != config {
			err = errors.New("it is of another configuration")
		} else {
			err = impossible(&m.Known)
		}
	}
	if err != nil {
		log.Warn("what was remembered of the target is ignored", "err", err)
		return known, false
	}
	r.Resumed = true
	log.Info("target resumed from before the restart", "saved", m.Saved.Time())
	return m.Known, true
}

// Encode writes what is remembered. saved is on the clock of the database.
func (r *Recollection[K]) Encode(config string, saved signal.Instant, known K) ([]byte, error) {
	var text bytes.Buffer
	if err := gob.NewEncoder(&text).Encode(written[K]{config, saved, r.Databases, known}); err != nil {
		return nil, fmt.Errorf("encode what is remembered: %w", err)
	}
	return text.Bytes(), nil
}

// Follow takes whose data the databases show in this reading into the report, and returns what
// became of them since the last one: of several, the worst.
func (r *Recollection[K]) Follow(report *signal.Report, log *slog.Logger, now ...signal.Origin) (became signal.Continuity) {
	if len(r.Databases) != len(now) {
		r.Databases = make([]signal.Lineage, len(now))
	}
	var names []string
	for i, origin := range now {
		l := &r.Databases[i]
		before := l.Last
		switch l.Follow(origin) {
		case signal.Replaced:
			became = signal.Replaced
		case signal.Rewound:
			became = cmp.Or(became, signal.Rewound)
		case signal.Continued:
			if before.Name != "" && origin.Name != "" && (before.Name != origin.Name || before.Branch != "" && origin.Branch != "" && before.Branch != origin.Branch) {
				log.Info("another server has taken over the database; what is known of it stays", "before", described(before), "now", described(origin))
			}
		}
		if l.First != "" {
			names = append(names, l.First)
		}
	}
	if became == signal.Replaced {
		r.Resumed = false
	}
	report.Identity, report.Rewound = strings.Join(names, "; "), became == signal.Rewound
	return became
}

func described(o signal.Origin) string {
	if o.Branch == "" {
		return o.Name
	}
	return o.Name + ", timeline " + o.Branch
}
