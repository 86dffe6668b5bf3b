package postgres

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// send writes all queries before it waits for the first answer. The server plans
// and runs each as if it had come alone, within its own timeout.
func (*server) Send(ctx context.Context, conn *sql.Conn, questions []*dialect.Question) (answered int, err error) {
	err = conn.Raw(func(driver any) error {
		var batch pgx.Batch
		for _, q := range questions {
			batch.Queue(q.SQL, q.Args...).Query(func(rows pgx.Rows) error {
				for rows.Next() {
					if err := q.Take(rows); err != nil {
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
