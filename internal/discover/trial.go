package discover

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/discover/draft"
)

// triedAtOnce is how many entries are tried at the same time.
const triedAtOnce = 4

// try reads each proposed target once, as lostorder check does. What cannot be read is
// commented out, with the reason and what to do.
func (x *explorer) try(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(triedAtOnce)
	for i := range x.out.Sections {
		s := &x.out.Sections[i]
		if s.Key == "databases" || len(x.Brokers[s.Key]) > 0 {
			continue // their addresses were read
		}
		for _, e := range s.Entries {
			if e.Off != "" {
				x.valid(s.Key, e)
				continue
			}
			group.Go(func() error {
				x.Progress("try %s %s", s.Key, e.Name)
				x.tryEntry(ctx, s.Key, e)
				return nil
			})
		}
	}
	_ = group.Wait() // no entry returns an error
}

// tryEntry tries an entry, and then without its optional lines, so that only those are left
// out that do not work.
func (x *explorer) tryEntry(ctx context.Context, section string, e *draft.Entry) {
	result, why := x.read(ctx, section, e)
	if why == "" && result.OK {
		warn(e, result)
		return
	}
	whole := failure(result, why)
	var optional []int
	for i := range e.Lines {
		if e.Lines[i].Optional && !e.Lines[i].Off {
			optional = append(optional, i)
			e.Lines[i].Off = true
		}
	}
	if len(optional) > 0 {
		if result, why = x.read(ctx, section, e); why == "" && result.OK {
			for _, i := range optional {
				e.Lines[i].Off = false
				if with, why := x.read(ctx, section, e); why != "" || !with.OK {
					e.Lines[i].Off = true
					e.Why = append(e.Why, e.Lines[i].Key+" is commented out: "+failure(with, why))
				}
			}
			warn(e, result)
			return
		}
		for _, i := range optional {
			e.Lines[i].Off = false
		}
	}
	e.Off = whole
	x.Progress("%s %s is commented out: %s", section, e.Name, x.secrets.scrub(strings.ReplaceAll(whole, "\n", " ")))
}

// failure says why an entry does not work and what to do about it.
func failure(result checkup.Target, why string) string {
	if why != "" {
		return why
	}
	var text strings.Builder
	text.WriteString(result.Error)
	for _, a := range result.Advice {
		if a.Paste == "" || a.Kind != collectors.Index && a.Kind != collectors.Grant {
			continue
		}
		if a.Kind == collectors.Grant && !strings.Contains(result.Error, "denied") && !strings.Contains(result.Error, "may not") {
			continue
		}
		text.WriteString("\n" + a.Text + ":\n  " + strings.ReplaceAll(a.Paste, "\n", "\n  "))
	}
	return text.String()
}

// warn adds what check would warn about.
func warn(e *draft.Entry, result checkup.Target) {
	for _, a := range result.Advice {
		if a.Kind == collectors.Warning {
			e.Why = append(e.Why, "lostorder check warns: "+a.Text)
		}
	}
}

// read reads the target of one entry once.
func (x *explorer) read(ctx context.Context, section string, e *draft.Entry) (checkup.Target, string) {
	f, err := x.parse(section, e)
	if err != nil {
		return checkup.Target{}, "it is not valid: " + reasons(e.Name, err).Error()
	}
	for _, source := range builtin.Sources() {
		if source.Section.Key != section {
			continue
		}
		for _, target := range source.Targets(f) {
			return checkup.Of(collectors.Examine(ctx, target)), ""
		}
	}
	return checkup.Target{OK: true}, ""
}

// valid notes what is wrong with an entry that is commented out, so that its user knows.
func (x *explorer) valid(section string, e *draft.Entry) {
	used := *e
	used.Off = ""
	if _, err := x.parse(section, &used); err != nil {
		e.Off += fmt.Sprintf(" Before it works: %s.", strings.TrimPrefix(reasons("", err).Error(), ": "))
	}
}

// parse loads an entry with the databases.
func (x *explorer) parse(section string, e *draft.Entry) (*config.File, error) {
	var d draft.Document
	for _, s := range x.out.Sections {
		if s.Key == "databases" {
			d.Add(s.Key, s.Entries...)
		}
	}
	d.Add(section, e)
	return config.ParseLookup("lostorder.yml", []byte(d.String()), ".", builtin.Sections(), x.secrets.lookup)
}
