package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

type bench struct {
	url string
	db  *sql.DB
	// more are the addresses of other databases of the server, each with a small order table.
	more []string
}

func open(url string) (*bench, error) {
	db, err := sql.Open("pgx", url)
	return &bench{url: url, db: db}, err
}

// fill creates the table: most orders are finished, the latest 52,000 are under way, and one
// in 100,000 was forgotten long ago. The index is the one that lostorder recommends.
func (b *bench) fill(ctx context.Context, rows int) error {
	for _, text := range []string{
		`CREATE TABLE orders (id bigint NOT NULL, customer bigint NOT NULL, state text NOT NULL, amount numeric(12,2) NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL)`,
		fmt.Sprintf(`INSERT INTO orders SELECT i, hashint8(i) & 1048575, CASE
			WHEN i %% 100000 = 0 THEN 'paid'
			WHEN i > %[1]d - 2000 THEN 'placed'
			WHEN i > %[1]d - 22000 THEN 'paid'
			WHEN i > %[1]d - 52000 THEN 'shipped'
			WHEN i %% 20 = 0 THEN 'cancelled'
			ELSE 'delivered' END, (i %% 10000) / 100.0,
			now() - (%[1]d - i) * interval '100 milliseconds', now() - (%[1]d - i) * interval '100 milliseconds'
			FROM generate_series(1, %[1]d) AS i`, rows),
		`ALTER TABLE orders ADD PRIMARY KEY (id)`,
		`CREATE INDEX lostorder_orders_state_updated_at ON orders (state, updated_at)`,
		`VACUUM (ANALYZE) orders`,
		`GRANT SELECT (id, state, updated_at) ON orders TO ` + b.watcher(),
	} {
		if _, err := b.db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%.40s…: %w", text, err)
		}
	}
	return nil
}

// createWatcher creates the role that watches.
func (b *bench) createWatcher(ctx context.Context) error {
	if _, err := b.db.ExecContext(ctx, "CREATE ROLE "+b.watcher()+" LOGIN PASSWORD 'watch'"); err != nil {
		return fmt.Errorf("create role: %w", err)
	}
	return nil
}

// createMore creates other databases on the server. They are dropped with it.
func (b *bench) createMore(ctx context.Context, databases, rows int) error {
	for i := range databases {
		u, err := url.Parse(b.url)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%s_%d", strings.TrimPrefix(u.Path, "/"), i)
		if _, err := b.db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
			return fmt.Errorf("create database: %w", err)
		}
		u.Path = "/" + name
		other, err := open(u.String())
		if err == nil {
			err = errors.Join(other.fill(ctx, rows), other.db.Close())
		}
		if err != nil {
			return err
		}
		b.more = append(b.more, u.String())
	}
	return nil
}

// dropMore drops what createMore created.
func (b *bench) dropMore(ctx context.Context) {
	for _, address := range b.more {
		if u, err := url.Parse(address); err == nil {
			_, _ = b.db.ExecContext(ctx, "DROP DATABASE "+strings.TrimPrefix(u.Path, "/")+" WITH (FORCE)")
		}
	}
}
