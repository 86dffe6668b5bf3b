package outbox

import (
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// BinlogTracker remembers what was read of a binary log.
type BinlogTracker struct{ binlogTracker }

// Observe takes one reading of the log.
func (r *BinlogTracker) Observe(b dialect.Binlog) *signal.LogReader { return r.observe(&b) }
