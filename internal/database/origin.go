package database

import (
	"context"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Origin reads whose data the database shows; nothing where it does not tell every user.
func (r *Reading) Origin(ctx context.Context) (signal.Origin, error) {
	d, ok := r.dialect.(dialect.Origins)
	if !ok {
		return signal.Origin{}, nil
	}
	o, err := d.Origin(ctx, transaction{r})
	if err != nil {
		return signal.Origin{}, r.broken("read which database this is", err)
	}
	return o, nil
}
