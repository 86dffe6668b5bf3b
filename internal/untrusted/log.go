package untrusted

import (
	"context"
	"log/slog"
	"reflect"
)

// Log returns a handler whose log has no text that a terminal interprets. The handler
// behind it writes the lines of a text as one.
func Log(next slog.Handler) slog.Handler { return handler{next} }

type handler struct{ next slog.Handler }

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	shown := slog.NewRecord(r.Time, r.Level, Lines(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		shown.AddAttrs(attribute(a))
		return true
	})
	return h.next.Handle(ctx, shown)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	all := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		all[i] = attribute(a)
	}
	return handler{h.next.WithAttrs(all)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.next.WithGroup(name)} }

func attribute(a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Lines(v.String()))
	case slog.KindGroup:
		all := make([]slog.Attr, 0, len(v.Group()))
		for _, inner := range v.Group() {
			all = append(all, attribute(inner))
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(all...)}
	case slog.KindAny:
		switch of := v.Any().(type) {
		case error:
			return slog.String(a.Key, Lines(of.Error()))
		case []string:
			return slog.Any(a.Key, list(of, func(s *string) bool {
				shown := Lines(*s)
				dirty := shown != *s
				*s = shown
				return dirty
			}))
		}
		if text := reflect.ValueOf(v.Any()); text.Kind() == reflect.String {
			return slog.String(a.Key, Lines(text.String()))
		}
		return a
	default:
		return a
	}
}
