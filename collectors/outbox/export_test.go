package outbox

import (
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// BinlogReader is what is remembered of those who read a binary log.
type BinlogReader struct{ binlogReader }

// Look takes one look at it.
func (r *BinlogReader) Look(b database.Binlog) *signal.Slot { return r.look(&b) }
