package reconcile

import (
	"errors"

	"github.com/robfig/cron/v3"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
)

// Validate checks that the two sides fit each other.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(path, format string, args ...any) { errs = append(errs, config.At(path, format, args...)) }
	for name, side := range map[string]*Side{"left": &c.Left, "right": &c.Right} {
		if problem := database.CheckPredicate(side.Where); problem != "" {
			wrong(name+".where", "%s", problem)
		}
		if c.Within > 0 && side.Columns.At == "" {
			wrong(name+".columns.at", "empty, and within needs the moment of each row")
		}
	}
	if l, r := len(c.Left.Columns.Key), len(c.Right.Columns.Key); l != r && l > 0 && r > 0 {
		wrong("right.columns.key", "it has %d columns and that of the left has %d; name those that hold the same", r, l)
	}
	l, r := len(c.Left.Columns.Values), len(c.Right.Columns.Values)
	switch {
	case c.Expect == equal && l == 0:
		wrong("left.columns.values", "empty, and expect: equal compares them; name for example amount and status")
	case l != r:
		wrong("right.columns.values", "it has %d columns and that of the left has %d; name those that hold the same, in the same order", r, l)
	case c.Expect != equal && l > 0:
		wrong("left.columns.values", "only expect: equal compares values; write that, or take them out")
	}
	if c.Left.Database == c.Right.Database && c.Left.Table == c.Right.Table && c.Left.Where == c.Right.Where {
		wrong("right.table", "it is the table of the left, which always holds what it holds")
	}
	if c.Within > 0 && c.Within <= 2*c.Grace {
		wrong("within", "%s is not much longer than the grace of %s, so that nothing could be told in time", c.Within, c.Grace)
	}
	if _, err := offPeak(c.OffPeak); err != nil {
		wrong("off_peak", "%v", err)
	}
	return errors.Join(errs...)
}

// offPeak reads a schedule in cron form; nil stands for all hours.
func offPeak(text string) (cron.Schedule, error) {
	if text == "" {
		return nil, nil
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return nil, errors.New("not a schedule in cron form; write for example \"* 1-5 * * *\", which is from one to six at night")
	}
	return schedule, nil
}
