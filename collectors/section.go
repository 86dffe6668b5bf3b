package collectors

import (
	"log/slog"
	"reflect"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// A Source is one kind of target: its section of the config file, and the targets in
// that section.
type Source struct {
	Section config.Section
	Targets func(f *config.File) []Target
	// Discovery proposes an entry of the section from an address; nil where there is no address.
	Discovery *Discovery
}

// Discovered is the source with what lostorder discover needs to know about it.
func (s Source) Discovered(d Discovery) Source {
	s.Discovery = &d
	return s
}

// Section returns the source whose section of the config file is a list of T.
// target makes the target of one entry; f resolves references to other sections.
func Section[T any](key, doc string, target func(entry T, f *config.File) Target) Source {
	return Source{
		Section: config.Section{Key: key, Doc: doc, Type: reflect.TypeFor[T]()},
		Targets: func(f *config.File) []Target {
			var targets []Target
			for _, entry := range config.Items[T](f, key) {
				targets = append(targets, target(entry, f))
			}
			return targets
		},
	}
}

// Polled returns a target that is read on a schedule. config is everything that decides
// how it is read. open must not connect. The reader connects at its first reading.
func Polled(id signal.TargetID, schedule Schedule, config any, open func(*slog.Logger) Reader) Target {
	return Target{
		ID:     id,
		Config: config,
		New: func(log *slog.Logger) Collector {
			return Poll(id, schedule, log, func() Reader { return open(log) })
		},
	}
}
