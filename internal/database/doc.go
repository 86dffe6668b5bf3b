// Package database reads SQL databases without changing them: PostgreSQL, MySQL, MariaDB and
// SQLite, by the scheme of their URL.
//
// All that read databases on one server share a few connections to it and take turns. Each
// [DB.Read] is one READ ONLY transaction with timeouts, in which nothing waits for a lock for
// long and nothing holds one. A query whose plan would read a large table from end to end is
// refused, with the index that would answer it. Ages come from the database's clock and are
// shown on ours. No error of this package names a password.
//
// What sources ask is always of the same kind: which rows have waited longest, and how many
// wait. A [Selection] says which rows; [Reading] has the questions.
package database
