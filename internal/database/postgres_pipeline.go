package database

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// send writes all queries before it waits for the first answer. The server plans
// and runs each as if it had come alone, within its own timeout.
func (*postgres) send(ctx context.Context, conn *sql.Conn, questions []*question) (answered int, err error) {
	err = conn.Raw(func(driver any) error {
		var batch pgx.Batch
		for _, q := range questions {
			batch.Queue(q.sql, q.args...).Query(func(rows pgx.Rows) error {
				for rows.Next() {
					if err := q.take(rows); err != nil {
						return err
					}
				}
				if rows.Err() == nil {
					answered++
				}
				return nil
			})
		}
		return driver.(*stdlib.Conn).Conn().SendBatch(ctx, &batch).Close()
	})
	return answered, err
}
