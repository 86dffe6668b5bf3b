package mysql

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// noSuchVariable is the error of a server that has no variable of a name.
const noSuchVariable = 1193

// Origin identifies the server, and the servers whose writes it has: by the global
// transaction ids, where they are on. MariaDB gives its servers no unique names: they are
// named by domain and server id, which are 0-1 by default.
//
// The log of InnoDB only grows, also where no binary log is written. What is flushed survives
// a crash. A replica, or a member of a cluster, may be another one at the next reading, so that
// its position says nothing.
func (d *server) Origin(ctx context.Context, tx dialect.Tx) (signal.Origin, error) {
	query, parse := "SELECT @@server_uuid, database(), @@global.gtid_executed, @@global.read_only", gtidSets
	if d.mariadb {
		query, parse = "SELECT concat(@@global.gtid_domain_id, '-', @@server_id), database(), concat_ws(',', @@global.gtid_binlog_state, @@global.gtid_slave_pos), @@global.read_only", gtidPositions
	}
	var o signal.Origin
	var executed sql.NullString
	var readOnly string
	err := tx.Ask(ctx, query, nil, func(rows *sql.Rows) error { return rows.Scan(&o.Name, &o.Schema, &executed, &readOnly) })
	if isNumber(err, noSuchVariable) { // older than global transaction ids
		return signal.Origin{}, nil
	}
	if err != nil {
		return signal.Origin{}, err
	}
	o.Written = parse(executed.String)
	cluster, err := d.cluster(ctx, tx)
	if err != nil {
		return signal.Origin{}, err
	}
	if cluster != "" {
		o.Name = cluster
	}
	if cluster != "" || readOnly != "0" && readOnly != "OFF" {
		for name := range o.Written {
			o.Written[name] = 0
		}
		return o, nil
	}
	counter := "Innodb_redo_log_flushed_to_disk_lsn"
	if d.mariadb {
		counter = "Innodb_lsn_flushed"
	}
	position, err := shown(ctx, tx, "STATUS", counter)
	o.Position, _ = strconv.ParseInt(position, 10, 64) // 0 before the versions that have it
	return o, err
}

// cluster is the name of the Galera cluster, or of the replication group, that the server is a
// member of; empty where it is none.
func (d *server) cluster(ctx context.Context, tx dialect.Tx) (string, error) {
	name, err := shown(ctx, tx, "STATUS", "wsrep_cluster_state_uuid")
	if err != nil || strings.Trim(name, "0-") != "" {
		return name, err
	}
	if d.mariadb {
		return "", nil
	}
	return shown(ctx, tx, "VARIABLES", "group_replication_group_name")
}

// shown is the value of a variable or a counter that the server may not have; empty then.
func shown(ctx context.Context, tx dialect.Tx, kind, name string) (value string, err error) {
	err = tx.Ask(ctx, "SHOW GLOBAL "+kind+" LIKE '"+name+"'", nil, func(rows *sql.Rows) error { return rows.Scan(&name, &value) })
	return value, err
}

// gtidSets reads what MySQL has executed: for each server, optionally with a tag, ranges of
// numbers, as in uuid:1-7:9,uuid:tag:1-3.
func gtidSets(text string) map[string]int64 {
	written := map[string]int64{}
	for set := range strings.SplitSeq(text, ",") {
		uuid, ranges, _ := strings.Cut(strings.TrimSpace(set), ":")
		for one := range strings.SplitSeq(ranges, ":") {
			_, last, isRange := strings.Cut(one, "-")
			if !isRange {
				last = one
			}
			if n, err := strconv.ParseInt(last, 10, 64); err == nil {
				written[uuid] = max(written[uuid], n)
			}
		}
	}
	return written
}

// gtidPositions reads positions of MariaDB: domain, server and number, as in 0-1-100,0-2-101.
func gtidPositions(text string) map[string]int64 {
	written := map[string]int64{}
	for position := range strings.SplitSeq(text, ",") {
		at := strings.LastIndex(position, "-")
		if at < 0 {
			continue
		}
		if n, err := strconv.ParseInt(position[at+1:], 10, 64); err == nil {
			written[position[:at]] = max(written[position[:at]], n)
		}
	}
	return written
}
