// Package acknowledge is the section of the config file about orders that are known to be
// wrong: an engineer decided to leave them for now. They do not count, so that they hide
// nothing new, until a day that the section names.
package acknowledge

import (
	"errors"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/untrusted"
)

// sectionKey is the key of the config file.
const sectionKey = "acknowledged"

// Config is one entry of the section.
type Config struct {
	Finding   string   `yaml:"finding" doc:"The id of a finding, as the page and lostorder findings show it. It stays the same as long as the config does." example:"3f1c9ab04d21"`
	Check     string   `yaml:"check" ref:"reconciliations" doc:"The name of a reconciliation, for all its findings." example:"charged"`
	Lifecycle string   `yaml:"lifecycle" ref:"lifecycles" doc:"The name of a lifecycle, for all its findings." example:"order"`
	Orders    []string `yaml:"orders" single:"true" doc:"The ids of the known orders, as the database has them or as findings show them, also if privacy.order_ids is hash." example:"A-1017,A-1018"`
	UpTo      int64    `yaml:"up_to" min:"0" doc:"How many affected orders or messages are known, if they cannot be named. More than that count. Prefer orders: a new case that takes the place of a known one stays hidden under a number." example:"4"`
	Until     Day      `yaml:"until" required:"true" doc:"The last day, UTC, or a moment as in 2026-12-24T18:00:00Z. After it the orders count again." example:"2026-12-24"`
	Why       string   `yaml:"why" required:"true" doc:"Why they are left, for the next reader: a ticket, or a sentence." example:"refunded by hand, SHOP-4711"`
}

// Validate checks that an entry says what it is about and what is known, each once.
func (c *Config) Validate() error {
	var errs []error
	given := 0
	for _, name := range []string{c.Finding, c.Check, c.Lifecycle} {
		if name != "" {
			given++
		}
	}
	if given != 1 {
		errs = append(errs, config.At("", "name one of finding, check and lifecycle"))
	}
	if (len(c.Orders) > 0) == (c.UpTo > 0) {
		errs = append(errs, config.At("", "name the known orders, or with up_to how many there are; not both"))
	}
	return errors.Join(errs...)
}

// Day is the moment after which an acknowledgement no longer holds.
type Day struct{ time.Time }

// UnmarshalText reads a day, which includes all of it, or a moment.
func (d *Day) UnmarshalText(text []byte) error {
	if day, err := time.Parse(time.DateOnly, string(text)); err == nil {
		d.Time = day.AddDate(0, 0, 1)
		return nil
	}
	at, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return errors.New("write a day such as 2026-12-24, or a moment such as 2026-12-24T18:00:00Z")
	}
	d.Time = at
	return nil
}

// Section is the section of the config file.
func Section() config.Section {
	return config.Section{
		Key: sectionKey, Type: reflect.TypeFor[Config](),
		Doc: "Orders that are known to be wrong and are left for now: see docs/acknowledge.md. They do not count until the day given, so that they do not hide new ones. A reload reads it.",
	}
}

// FromFile returns the acknowledgements of a config file, with order ids as findings show
// them.
func FromFile(f *config.File) []detect.Acknowledgement {
	veil := privacy.FromFile(f)
	var all []detect.Acknowledgement
	for _, c := range config.Items[Config](f, sectionKey) {
		a := detect.Acknowledgement{Finding: c.Finding, Check: c.Check, Lifecycle: c.Lifecycle, UpTo: c.UpTo, Until: c.Until.Time, Why: untrusted.Text(c.Why)}
		if len(c.Orders) > 0 {
			a.Orders = make(map[string]string, 2*len(c.Orders))
		}
		for _, id := range c.Orders {
			shown := untrusted.ID(veil.ID(id))
			a.Orders[shown] = shown
			if veil != nil {
				a.Orders[id] = shown // it may be the hash already
			}
		}
		all = append(all, a)
	}
	return all
}

// inForce are the entries of the config that was applied last. A reload must not restart the
// targets that read them.
var inForce atomic.Pointer[[]Config]

// Apply makes the entries of a config file known to the sources.
func Apply(f *config.File) {
	entries := config.Items[Config](f, sectionKey)
	inForce.Store(&entries)
}

// Orders returns the ids of known orders that may belong to a lifecycle or a check, so that
// its source can say whether they are affected, however many others are.
func Orders(lifecycle, check string) (ids []string) {
	entries := inForce.Load()
	if entries == nil {
		return nil
	}
	for i := range *entries {
		c := &(*entries)[i]
		if c.Finding != "" || c.Lifecycle != "" && c.Lifecycle == lifecycle || c.Check != "" && c.Check == check {
			ids = append(ids, c.Orders...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
