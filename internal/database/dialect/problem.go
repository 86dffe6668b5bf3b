package dialect

import (
	"github.com/lostorder/lostorder/internal/signal"
)

// Problem is an error of a driver in plain words. It is also an error of its own, for what
// an engine finds out by itself.
type Problem struct {
	Text string
	Fix  signal.Remedy // what to do about it; often none
	// Changed: the database is not as it was when its plans were read.
	Changed bool
	Cause   error
}

func (p *Problem) Error() string { return p.Text + p.Fix.String() }

// Remedy is what to do about it.
func (p *Problem) Remedy() signal.Remedy { return p.Fix }

// Unwrap returns the error of the driver.
func (p *Problem) Unwrap() error { return p.Cause }

// AsAdministrator is the remedy of a statement that an administrator has to run, and
// AsOwner of one that the owner of the table can run.
func AsAdministrator(statement string) signal.Remedy {
	return grant("run as an administrator: ", statement)
}

// AsOwner is the remedy of a statement that the owner of the table can run.
func AsOwner(statement string) signal.Remedy { return grant("run as the owner: ", statement) }

func grant(lead, statement string) signal.Remedy {
	return signal.Remedy{Kind: signal.RemedyGrant, Lead: lead, Text: statement}
}
