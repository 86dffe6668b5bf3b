package mysql

import (
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/lostorder/lostorder/internal/signal"
)

// Undated is what Follower reports for a lag that is not known.
const Undated = signal.Unknown * time.Millisecond

// Follower is follows, asked at moments of its own clock.
type Follower struct{ follows }

// Ask gives it what the server says about each of its channels.
func (f *Follower) Ask(at time.Duration, channels ...map[string]string) (behind time.Duration, halted string) {
	var all []channel
	for _, row := range channels {
		if c, ok := newChannel(row); ok {
			all = append(all, c)
		}
	}
	millis, halted := f.assess(all, at.Milliseconds())
	return time.Duration(millis) * time.Millisecond, halted
}

// Explain is what an error of a server means, in database shop.
func Explain(number uint16, message string) string {
	return ExplainError(&driver.MySQLError{Number: number, Message: message})
}

// ExplainError is what an error means, in database shop.
func ExplainError(err error) string {
	d := &server{settings: &driver.Config{DBName: "shop", User: "watcher"}}
	p, _ := d.Explain(err, nil, "")
	return p.Error()
}

// ColumnsOf is columnsOf.
var ColumnsOf = columnsOf

// GTIDSets and GTIDPositions are gtidSets and gtidPositions.
var (
	GTIDSets      = gtidSets
	GTIDPositions = gtidPositions
)
