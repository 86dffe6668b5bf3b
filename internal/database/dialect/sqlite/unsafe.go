package sqlite

import (
	"context"
	"slices"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// harmful are the functions of SQLite that reach beyond the file. A connection has no
// functions of the shop.
var harmful = []string{"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"}

// Unsafe goes by a list.
func (*file) Unsafe(_ context.Context, _ dialect.Tx, calls []dialect.Call) (unsafe []string, err error) {
	for _, c := range calls {
		if slices.Contains(harmful, c.Name) {
			unsafe = append(unsafe, c.String())
		}
	}
	return unsafe, nil
}
