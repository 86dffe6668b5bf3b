package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// replica is what is known about a server as a replica of another.
type replica struct {
	conn   any    // the connection that the server was asked on
	silent bool   // on which it does not say
	lacks  string // the right without which it does not
	hint   string // why it may be a replica all the same

	server string // which replica it is
	asked  bool   // whether that is known of this connection
	follows
}

// lag asks the server how far it is behind its source. A right that was refused is not
// tried again on the connection: only a new connection has a new right.
func (d *server) lag(ctx context.Context, conn *sql.Conn, s *dialect.Session) error {
	r := &d.replica
	var on any
	if err := conn.Raw(func(c any) error { on = c; return nil }); err != nil {
		return err
	}
	if on != r.conn {
		r.conn, r.silent, r.lacks, r.hint, r.asked = on, false, "", "", false
	}
	if r.silent {
		return nil
	}
	patient, cancel := context.WithTimeout(ctx, time.Duration(d.config.StatementTimeout)+time.Second)
	defer cancel()
	channels, err := d.channels(patient, conn)
	var refused *driver.MySQLError
	switch {
	case isNumber(err, noSuchStatement):
		r.silent = true
		return nil
	case isNumber(err, noRight) && errors.As(err, &refused):
		r.silent, r.lacks, r.hint = true, rightFor(refused.Message), d.looksLikeReplica(patient, conn)
		return nil
	case err != nil:
		return dialect.TimedOut(ctx, patient, err)
	case len(channels) == 0: // it is no replica, or no longer
		r.follows = follows{}
		return nil
	case !r.asked:
		var server string
		if err := conn.QueryRowContext(ctx, "SELECT concat_ws('/', @@hostname, @@port, @@server_id)").Scan(&server); err != nil {
			return err
		}
		if server != r.server {
			r.server, r.follows = server, follows{}
		}
		r.asked = true
	}
	s.Behind, s.Halted = r.assess(channels, s.Now)
	return nil
}

// channels asks for the sources that the server is set up to follow.
func (d *server) channels(ctx context.Context, conn *sql.Conn) ([]channel, error) {
	if d.mariadb {
		return listChannels(ctx, conn, "SHOW ALL SLAVES STATUS")
	}
	channels, err := listChannels(ctx, conn, "SHOW REPLICA STATUS")
	if isNumber(err, noSuchStatement) {
		return listChannels(ctx, conn, "SHOW SLAVE STATUS") // before MySQL 8.0.22
	}
	return channels, err
}

func listChannels(ctx context.Context, conn *sql.Conn, statement string) ([]channel, error) {
	rows, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var channels []channel
	for rows.Next() {
		row, err := byName(rows)
		if err != nil {
			return nil, err
		}
		if c, ok := newChannel(row); ok {
			channels = append(channels, c)
		}
	}
	return channels, rows.Err()
}

// rightFor is the right that a server's refusal names: MariaDB split it from
// REPLICATION CLIENT in version 10.5.
func rightFor(refusal string) string {
	if strings.Contains(refusal, "SLAVE MONITOR") {
		return "SLAVE MONITOR"
	}
	return "REPLICATION CLIENT"
}

// looksLikeReplica is what every user may know about a server that reports no more; empty where
// nothing suggests a replica.
func (d *server) looksLikeReplica(ctx context.Context, conn *sql.Conn) string {
	var name, running, readOnly string
	if d.mariadb && conn.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Slaves_running'").Scan(&name, &running) == nil && running != "0" {
		return "the server is a read replica"
	}
	if conn.QueryRowContext(ctx, "SELECT @@global.read_only").Scan(&readOnly) == nil && readOnly != "0" && readOnly != "OFF" {
		return "the server is read_only, as read replicas are"
	}
	return ""
}

// lagGrant says which right would let the lag be read, and why that may be worth it.
func (d *server) LagGrant(user string) (why, grant string) {
	hint := d.replica.hint
	if hint == "" && d.config.ReadReplicaLag > 0 {
		hint = "read_replica_lag says that it is a read replica"
	}
	if d.replica.lacks == "" || hint == "" {
		return "", ""
	}
	return hint + ", and this right would let it say how far it is behind; until then " + assumed(d.config),
		fmt.Sprintf("GRANT %s ON *.* TO %s;", d.replica.lacks, account(user))
}

// assumed is what is taken for the lag where it can't be read.
func assumed(c dialect.Settings) string {
	if c.ReadReplicaLag == 0 {
		return "it is taken to be not behind, as read_replica_lag is 0"
	}
	return fmt.Sprintf("it is taken to be %s behind, as read_replica_lag says", c.ReadReplicaLag)
}
