//go:build !integration

package databasetest

// servers are there in the integration tests alone.
var (
	servers, mysqls []kind
	mysqlPairs      [][2]kind
)
