package database

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// ErrUnsafe is what errors.Is finds in the error about a query that would lock something, or
// that calls a function that may do so.
var ErrUnsafe = errors.New("query refused: it may do more than read")

// harmless refuses a query that would lock, write or wait: a READ ONLY transaction does not
// prevent all of that. The operator writes predicates and queries by hand.
func (r *Reading) harmless(ctx context.Context, doing, text string) error {
	if what := dialect.Locks(text); what != "" {
		return &failure{doing: doing, cause: ErrUnsafe, reason: fmt.Sprintf("refused, because %s in a query locks rows or writes; lostorder only reads", what)}
	}
	d, ok := r.dialect.(dialect.Functions)
	if !ok {
		return nil
	}
	var unknown []dialect.Call
	for _, c := range dialect.Calls(text) {
		if !r.db.harmless[c] {
			unknown = append(unknown, c)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	unsafe, err := d.Unsafe(ctx, transaction{r}, unknown)
	switch {
	case err != nil:
		return r.broken("find out which functions a query calls", err)
	case len(unsafe) > 0:
		return &failure{doing: doing, cause: ErrUnsafe, reason: fmt.Sprintf(
			"refused, because a function that it calls is not known to be harmless: %s; write the condition without it, or have the database compute it in a column%s", strings.Join(unsafe, ", "), r.dialect.Traits().HarmlessFunction)}
	}
	for _, c := range unknown {
		r.db.harmless[c] = true
	}
	return nil
}

// Excess lists what the user of the database may do beyond reading; nothing before the first
// connection.
func (db *DB) Excess(ctx context.Context) (all []string) {
	d, ok := db.dialect.(dialect.Rights)
	if !ok || db.user == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, db.config.connectTimeout())
	defer cancel()
	err := db.Read(ctx, func(r *Reading) error {
		excess, err := d.Excess(ctx, transaction{r})
		for _, right := range excess {
			all = append(all, fmt.Sprintf("user %s of database %s %s; lostorder only needs to read: use a user with no other right", db.user, db.Name(), right))
		}
		return err
	})
	if err != nil {
		return nil // the reading has its own error
	}
	return all
}
