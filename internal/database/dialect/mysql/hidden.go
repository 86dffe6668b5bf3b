package mysql

import (
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// MySQL and MariaDB do not show a user what the user may not read.

// Refused is the account to which the server refused the database; empty if it did not.
func (d *server) Refused() string { return d.refused }

// DefaultSchema is the database of the URL.
func (d *server) DefaultSchema() string { return d.settings.DBName }

// Absent reports whether the server said that there is no such table.
func (d *server) Absent(t *dialect.Table) bool { return d.absent[t.String()] }
