package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	readings "github.com/lostorder/lostorder/internal/signal"
)

// stores are the two databases.
type stores struct {
	postgres, mariadb       *sql.DB
	postgresURL, mariadbURL string
}

func openStores(ctx context.Context) (*stores, error) {
	s := &stores{postgresURL: os.Getenv("POSTGRES_URL"), mariadbURL: os.Getenv("MARIADB_URL")}
	u, err := url.Parse(s.mariadbURL)
	if err != nil || s.postgresURL == "" || u.User == nil {
		return nil, errors.New("POSTGRES_URL or MARIADB_URL is not set; run it with: test/parts/run --parts=postgres,mariadb go run ./test/bench/reconcile")
	}
	if s.postgres, err = sql.Open("pgx", s.postgresURL); err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.Net, c.Addr, c.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	if s.mariadb, err = sql.Open("mysql", c.FormatDSN()); err != nil {
		return nil, err
	}
	// MariaDB's default buffer pool is too small for a benchmark.
	_, err = s.mariadb.ExecContext(ctx, "SET GLOBAL innodb_buffer_pool_size = 2147483648, userstat = 1")
	return s, err
}

func (s *stores) close() {
	for _, db := range []*sql.DB{s.postgres, s.mariadb} {
		_, _ = db.Exec("DROP TABLE IF EXISTS bench_orders, bench_payments")
		_ = db.Close()
	}
}

// fill creates both tables with the same rows.
func (s *stores) fill(ctx context.Context, rows int) error {
	failed := make(chan error, 2)
	go func() {
		failed <- runAll(ctx, s.postgres,
			"DROP TABLE IF EXISTS bench_orders",
			"CREATE TABLE bench_orders (id bigint NOT NULL, state text NOT NULL, amount numeric(12, 2) NOT NULL, created_at timestamptz NOT NULL)",
			fmt.Sprintf("INSERT INTO bench_orders SELECT i, 'paid', i %% 100000 / 100.0, now() - interval '1 hour' - (%[1]d - i) * interval '1 second' FROM generate_series(1, %[1]d) AS i", rows),
			"ALTER TABLE bench_orders ADD PRIMARY KEY (id)", "CREATE INDEX ON bench_orders (created_at)", "VACUUM ANALYZE bench_orders")
	}()
	go func() {
		statements := []string{
			"DROP TABLE IF EXISTS bench_payments",
			"CREATE TABLE bench_payments (id bigint AUTO_INCREMENT PRIMARY KEY, order_id bigint NOT NULL, status varchar(20) NOT NULL, total decimal(14, 4) NOT NULL, created_at datetime(3) NOT NULL, KEY (order_id), KEY (created_at))",
		}
		const part = 250_000 // in one transaction MariaDB would keep all of it to undo
		for from := 1; from <= rows; from += part {
			statements = append(statements, fmt.Sprintf(
				"INSERT INTO bench_payments (order_id, status, total, created_at) SELECT seq, 'paid', seq %% 100000 / 100.0, now(3) - interval 1 hour - interval (%d - seq) second FROM seq_%d_to_%d",
				rows, from, min(from+part-1, rows)))
		}
		failed <- runAll(ctx, s.mariadb, append(statements, "ANALYZE TABLE bench_payments")...)
	}()
	return errors.Join(<-failed, <-failed)
}

// plant changes a hundred rows, of all kinds, spread over the tables.
func (s *stores) plant(ctx context.Context, rows int) (map[readings.MismatchKind][]string, error) {
	want := map[readings.MismatchKind][]string{}
	kinds := []readings.MismatchKind{readings.MissingRight, readings.MissingLeft, readings.Duplicate, readings.Different}
	for i := range 100 {
		id := 1 + i*(rows/100) + i*7919%(rows/100)
		kind := kinds[i%len(kinds)]
		var err error
		switch kind {
		case readings.MissingRight:
			err = runAll(ctx, s.mariadb, fmt.Sprintf("DELETE FROM bench_payments WHERE order_id = %d", id))
		case readings.MissingLeft:
			err = runAll(ctx, s.postgres, fmt.Sprintf("DELETE FROM bench_orders WHERE id = %d", id))
		case readings.Duplicate:
			err = runAll(ctx, s.mariadb, fmt.Sprintf("INSERT INTO bench_payments (order_id, status, total, created_at) SELECT order_id, status, total, created_at FROM bench_payments WHERE order_id = %d", id))
		case readings.Different:
			err = runAll(ctx, s.mariadb, fmt.Sprintf("UPDATE bench_payments SET total = total + 0.01 WHERE order_id = %d", id))
		}
		if err != nil {
			return nil, err
		}
		want[kind] = append(want[kind], fmt.Sprint(id))
	}
	return want, nil
}

// busy returns how long each server has worked. The benchmark is its only client.
func (s *stores) busy(ctx context.Context) (all [2]time.Duration, err error) {
	var millis, seconds float64
	// PostgreSQL counts a session's time once the session is idle.
	time.Sleep(1500 * time.Millisecond)
	if err := s.postgres.QueryRowContext(ctx, "SELECT sum(active_time) FROM pg_stat_database").Scan(&millis); err != nil {
		return all, err
	}
	if err := s.mariadb.QueryRowContext(ctx, "SELECT sum(busy_time) FROM information_schema.user_statistics").Scan(&seconds); err != nil {
		return all, err
	}
	return [2]time.Duration{time.Duration(millis * float64(time.Millisecond)), time.Duration(seconds * float64(time.Second))}, nil
}

func runAll(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, text := range statements {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text[:min(len(text), 60)], err)
		}
	}
	return nil
}
