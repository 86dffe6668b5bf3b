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
		errs = append(errs, side.Errors(name, side.Columns.Amount, side.Columns.Currency)...)
		if c.Within > 0 && side.Columns.At == "" {
			wrong(name+".columns.at", "empty, but within needs the time of each row")
		}
	}
	if l, r := len(c.Left.Columns.Key), len(c.Right.Columns.Key); l != r && l > 0 && r > 0 {
		wrong("right.columns.key", "has %d columns, and left.columns.key has %d; name the columns that hold the same values", r, l)
	}
	l, r := len(c.Left.Columns.Values), len(c.Right.Columns.Values)
	switch {
	case c.Expect == equal && l == 0:
		wrong("left.columns.values", "empty, but expect: equal compares values; name for example amount and status")
	case l != r:
		wrong("right.columns.values", "has %d columns, and left.columns.values has %d; name the columns that hold the same values, in the same order", r, l)
	case c.Expect != equal && l > 0:
		wrong("left.columns.values", "only expect: equal compares values; use it, or remove values")
	}
	if c.Left.Database == c.Right.Database && c.Left.Table == c.Right.Table && c.Left.Where == c.Right.Where {
		wrong("right.table", "is the same table as on the left; a table always matches itself")
	}
	if c.Within > 0 && c.Within <= 2*c.Grace {
		wrong("within", "%s is not more than twice the grace of %s, so that rows would leave the comparison before a mismatch is reported", c.Within, c.Grace)
	}
	if _, err := offPeak(c.OffPeak); err != nil {
		wrong("off_peak", "%v", err)
	}
	return errors.Join(errs...)
}

// offPeak reads a cron pattern; nil stands for all minutes.
func offPeak(text string) (cron.Schedule, error) {
	if text == "" {
		return nil, nil
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return nil, errors.New("not a cron pattern; write for example \"* 1-5 * * *\" for one to six at night")
	}
	return schedule, nil
}
