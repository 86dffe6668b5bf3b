//go:build integration

package databasetest

import (
	"fmt"
	"net/url"
	"testing"
)

// EachLogged starts a server of each kind, which writes a binary log that no other
// writes or reads. counts: it keeps count of what it sends
// to whom (performance_schema), which MariaDB does only when it is set up to.
func EachLogged(t *testing.T, test func(t *testing.T, s *Shop, counts bool)) {
	t.Helper()
	t.Parallel() // most of it is waiting
	for _, kind := range []struct {
		name, program string
		options       []string
		counts        bool
	}{
		{"mariadbd", "mariadbd", nil, false},
		{"mariadbd with performance_schema", "mariadbd", []string{"--performance-schema=ON"}, true},
		{"mysqld", "mysqld", nil, true},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			path, version := server(t, kind.program)
			t.Log(version)
			r := start(t, path, kind.program == "mariadbd", 1, kind.options...)
			s := &Shop{Kind: "mariadb", MySQL: kind.program == "mysqld", User: "watcher", Password: password, Addr: r.addr, Time: "datetime(3)", Key: "varchar(40)"}
			s.Admin = await(t, r.socket, "")
			s.Run(t, "CREATE DATABASE shop", fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY '%s'", s.User, password), "GRANT SELECT ON shop.* TO "+s.Reader())
			s.Admin = await(t, r.socket, "shop")
			u := url.URL{Scheme: "mysql", User: url.UserPassword(s.User, password), Host: r.addr, Path: "/shop"}
			s.URL = u.String()
			test(t, s, kind.counts)
		})
	}
}
