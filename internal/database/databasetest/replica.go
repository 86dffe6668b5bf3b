//go:build integration

package databasetest

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Replica is a server of MySQL or MariaDB that follows the one of a shop.
type Replica struct {
	Shop  *Shop
	Admin *sql.DB // on the replica
	URL   string  // of the user that watches, on the replica

	mariadb bool
	primary *exec.Cmd
}

// EachReplica starts two servers of each kind: one follows the other.
func EachReplica(t *testing.T, test func(t *testing.T, r *Replica)) {
	t.Helper()
	t.Parallel() // most of it is waiting
	for _, program := range []string{"mariadbd", "mysqld"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			path, version := server(t, program)
			t.Log(version)
			test(t, replicate(t, path, program == "mariadbd"))
		})
	}
}

func replicate(t *testing.T, program string, mariadb bool) *Replica {
	t.Helper()
	r := &Replica{mariadb: mariadb, Shop: &Shop{Kind: "mariadb", MySQL: !mariadb, User: "watcher", Password: password, Time: "datetime(3)", Key: "varchar(40)"}}
	primary, replica := start(t, program, mariadb, 1), start(t, program, mariadb, 2)
	r.primary, r.Shop.Addr = primary.process, primary.addr
	r.Shop.Admin, r.Admin = await(t, primary.socket, ""), await(t, replica.socket, "")
	if !mariadb { // before 9.6 it has md5() all the same, and no such component
		for _, db := range []*sql.DB{r.Shop.Admin, r.Admin} {
			_, _ = db.Exec("INSTALL COMPONENT 'file://component_classic_hashing'")
		}
	}
	r.Shop.Run(t, "CREATE DATABASE shop", "CREATE USER follower@'%' IDENTIFIED BY 'follows'", "GRANT REPLICATION SLAVE ON *.* TO follower@'%'",
		fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY '%s'", r.Shop.User, password))
	r.Shop.Admin = await(t, primary.socket, "shop")
	_, port, _ := net.SplitHostPort(r.Shop.Addr)
	words := "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = %s, SOURCE_USER = 'follower', SOURCE_PASSWORD = 'follows', SOURCE_CONNECT_RETRY = 1, GET_SOURCE_PUBLIC_KEY = 1"
	if mariadb {
		words = "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = %s, MASTER_USER = 'follower', MASTER_PASSWORD = 'follows', MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos"
	}
	mustRun(t, r.Admin, fmt.Sprintf(words, port))
	r.Start(t)
	u := url.URL{Scheme: "mysql", User: url.UserPassword(r.Shop.User, password), Host: r.Shop.Addr, Path: "/shop"}
	r.Shop.URL = u.String()
	r.URL = r.Shop.At(replica.addr)
	return r
}

// Await waits for something to hold on the replica.
func (r *Replica) Await(t *testing.T, what, query string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var n int
		if err := r.Admin.QueryRow(query).Scan(&n); err == nil && n > 0 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("waited for %s: %v", what, err)
		}
	}
}

// Allow lets the user that watches ask how far the replica is behind.
func (r *Replica) Allow(t *testing.T) {
	t.Helper()
	right := "REPLICATION CLIENT"
	if r.mariadb {
		right = "SLAVE MONITOR"
	}
	r.Shop.Run(t, "GRANT "+right+" ON *.* TO "+r.Shop.Reader(), "CREATE TABLE allowed (id INTEGER)")
	r.Await(t, "the right", "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 'allowed'")
}

// Asked is how often the replica was asked how it follows.
func (r *Replica) Asked(t *testing.T) int {
	t.Helper()
	var name string
	var n int
	if err := r.Admin.QueryRow("SHOW GLOBAL STATUS LIKE 'Com_show_"+strings.ToLower(r.word())+"_status'").Scan(&name, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// word is how the server calls a replica.
func (r *Replica) word() string {
	if r.mariadb {
		return "SLAVE"
	}
	return "REPLICA"
}

// Start starts what follows the primary.
func (r *Replica) Start(t *testing.T) {
	t.Helper()
	mustRun(t, r.Admin, "START "+r.word())
}

// Stop stops it: all of it, or one of its threads, SQL_THREAD or IO_THREAD.
func (r *Replica) Stop(t *testing.T, thread string) {
	t.Helper()
	mustRun(t, r.Admin, "STOP "+r.word()+" "+thread)
}

// Delay has it follow the primary at a distance.
func (r *Replica) Delay(t *testing.T, d time.Duration) {
	t.Helper()
	r.Stop(t, "")
	words := "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = %d"
	if r.mariadb {
		words = "CHANGE MASTER TO MASTER_DELAY = %d"
	}
	mustRun(t, r.Admin, fmt.Sprintf(words, int(d.Seconds())))
	r.Start(t)
}

// Promote makes the replica a server of its own.
func (r *Replica) Promote(t *testing.T) {
	t.Helper()
	r.Stop(t, "")
	mustRun(t, r.Admin, "RESET "+r.word()+" ALL")
}

// LoseSource ends the primary as a crash would.
func (r *Replica) LoseSource() { kill(r.primary) }
