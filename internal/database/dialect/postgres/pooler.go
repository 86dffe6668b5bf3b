package postgres

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// poolerConnector connects, and where a pooler in between refuses a setting in the
// greeting, without it.
type poolerConnector struct {
	direct, pooled driver.Connector
}

// Connect makes a connection.
func (p poolerConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.direct.Connect(ctx)
	var refused *pgconn.PgError
	if err != nil && errors.As(err, &refused) && refused.Code == "08P01" {
		return p.pooled.Connect(ctx)
	}
	return conn, err
}

// Driver is that of the connections.
func (p poolerConnector) Driver() driver.Driver { return p.direct.Driver() }
