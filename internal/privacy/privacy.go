// Package privacy hides the ids of orders where they may not be shown: in findings,
// the log, the API, the page, OTLP. It does so once, on the way from the sources to
// the decisions, so that nothing behind it knows any.
package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// sectionKey is the key of the config file.
const sectionKey = "privacy"

// Config is the section privacy.
type Config struct {
	OrderIDs string        `yaml:"order_ids" enum:"plain,hash" default:"plain" doc:"Whether the ids of orders are shown as they are, or hashed. The same order then has the same hash everywhere, and nobody can tell the order from it who does not know the salt."`
	Salt     config.Secret `yaml:"salt" file:"true" doc:"What is hashed together with the ids: long and random, and the same for all replicas. HMAC-SHA256(salt, id), the first 16 hex digits." example:"${ORDER_ID_SALT}"`
}

// shortest is how long a salt is at the least: ids are short numbers, and all of
// them are tried in no time when the salt can be guessed.
const shortest = 16

// Validate checks that there is a salt where one is needed.
func (c *Config) Validate() error {
	if c.OrderIDs == "hash" && len(c.Salt.Reveal()) < shortest {
		return config.At("salt", "order ids are hashed with a salt of at least %d characters; without it every id could be found by trying; give salt_file, for example made by: openssl rand -hex 32", shortest)
	}
	return nil
}

// Section is the section of the config file.
func Section() config.Section {
	return config.Section{
		Key:    sectionKey,
		Doc:    "What may be shown of orders. A reload hides the ids of what is read from then on; those of findings that were closed before are forgotten at the next start.",
		Type:   reflect.TypeFor[Config](),
		Single: true,
	}
}

// Veil hides order ids; nil hides nothing.
type Veil struct{ salt []byte }

// FromFile returns the veil that a config file asks for.
func FromFile(f *config.File) *Veil {
	c := config.Items[Config](f, sectionKey)[0]
	if c.OrderIDs != "hash" {
		return nil
	}
	return &Veil{[]byte(c.Salt.Reveal())}
}

// ID is what is shown of an id.
func (v *Veil) ID(id string) string {
	if v == nil || id == "" {
		return id
	}
	sum := hmac.New(sha256.New, v.salt)
	_, _ = sum.Write([]byte(id)) // a hash takes everything
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Report returns a report in which every id is hidden. The one that is given is not
// changed: its source may still use parts of it.
func (v *Veil) Report(r signal.Report) signal.Report {
	if v == nil {
		return r
	}
	r.Queues = slices.Clone(r.Queues)
	for i := range r.Queues {
		r.Queues[i].Sample = v.refs(r.Queues[i].Sample)
	}
	r.DeadLetters = slices.Clone(r.DeadLetters)
	for i := range r.DeadLetters {
		r.DeadLetters[i].Sample = v.refs(r.DeadLetters[i].Sample)
	}
	r.Outboxes = slices.Clone(r.Outboxes)
	for i := range r.Outboxes {
		o := &r.Outboxes[i]
		o.Sample = v.refs(o.Sample)
		if o.Skipped != nil {
			skipped := *o.Skipped
			skipped.Rows = slices.Clone(skipped.Rows)
			for j := range skipped.Rows {
				skipped.Rows[j].Order.ID = v.ID(skipped.Rows[j].Order.ID)
			}
			o.Skipped = &skipped
		}
	}
	r.Lifecycles = slices.Clone(r.Lifecycles)
	for i := range r.Lifecycles {
		v.lifecycle(&r.Lifecycles[i])
	}
	r.Reconciliations = slices.Clone(r.Reconciliations)
	for i := range r.Reconciliations {
		c := &r.Reconciliations[i]
		c.Mismatches = slices.Clone(c.Mismatches)
		for j := range c.Mismatches {
			m := &c.Mismatches[j]
			m.Details = v.details(m.Details, m.Sample)
			m.Sample = v.refs(m.Sample)
		}
	}
	return r
}

func (v *Veil) lifecycle(l *signal.Lifecycle) {
	l.States = slices.Clone(l.States)
	for i := range l.States {
		l.States[i].Sample = v.refs(l.States[i].Sample)
	}
	if l.History != nil {
		h := *l.History
		h.Conflicts = slices.Clone(h.Conflicts)
		for i := range h.Conflicts {
			h.Conflicts[i].ID = v.ID(h.Conflicts[i].ID)
		}
		l.History = &h
	}
	if l.Duplicates != nil {
		d := *l.Duplicates
		d.Groups = slices.Clone(d.Groups)
		for i := range d.Groups {
			d.Groups[i].Orders = v.refs(d.Groups[i].Orders)
		}
		l.Duplicates = &d
	}
}

// details hides the ids with which details begin: "A-17: paid here, open there".
func (v *Veil) details(details []string, of []signal.OrderRef) []string {
	details = slices.Clone(details)
	for i, text := range details {
		id, rest, _ := strings.Cut(text, ": ")
		for _, ref := range of {
			if after, ok := strings.CutPrefix(text, ref.ID+": "); ok && len(ref.ID) > len(id) {
				id, rest = ref.ID, after
			}
		}
		details[i] = v.ID(id) + ": " + rest
	}
	return details
}

func (v *Veil) refs(refs []signal.OrderRef) []signal.OrderRef {
	refs = slices.Clone(refs)
	for i := range refs {
		refs[i].ID = v.ID(refs[i].ID)
	}
	return refs
}
