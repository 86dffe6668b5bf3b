package database

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

func (d *postgres) explain(err error, q *query, s session) (problem, bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return d.notSpoken(err)
	}
	user := d.settings.User
	if s.user != "" {
		user = s.user
	}
	var table *Table
	if q != nil {
		table = q.table
	}
	switch e.Code {
	case "28P01":
		return problem{text: fmt.Sprintf("wrong password for user %q, or there is no such user", user)}, true
	case "28000":
		return problem{text: fmt.Sprintf("user %q may not connect: %s (see pg_hba.conf)", user, e.Message)}, true
	case "3D000":
		return problem{text: fmt.Sprintf("there is no database %q on this server", d.settings.Database)}, true
	case "42501":
		return problem{text: d.denied(e, table, user)}, true
	case "42703", "42P01", "42883", "42601":
		text := e.Message
		if e.Hint != "" {
			text += "; " + strings.TrimSuffix(e.Hint, ".")
		}
		if table != nil && e.Code == "42703" {
			text += "; " + columnsOf(table)
		}
		return problem{text, true}, true
	case "22P02":
		return problem{e.Message + "; write values that the column can hold", true}, true
	case "22023":
		return problem{text: e.Message + "; correct time_zone"}, true
	case "57014":
		if strings.Contains(e.Message, "statement timeout") {
			return problem{fmt.Sprintf("timeout: the server ended the query after the statement timeout of %s", d.config.StatementTimeout), true}, true
		}
	case "55P03":
		return problem{text: fmt.Sprintf("timeout: the table was locked for %s by a change of its structure, and waiting longer would hold up others", min(d.config.statementTimeout(), lockTimeout))}, true
	case "53300":
		return problem{text: "the server has no connection left: " + e.Message}, true
	case "57P03":
		return problem{text: "the server is starting up or in recovery: " + e.Message}, true
	}
	return problem{text: fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code)}, true
}

// notSpoken is what the driver has only words for: the server has no TLS, or is none of
// PostgreSQL at all, which refuses TLS and then answers what nobody understands.
func (d *postgres) notSpoken(err error) (problem, bool) {
	var network net.Error
	switch {
	case !strings.Contains(err.Error(), "server refused TLS connection"), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return problem{}, false
	case len(d.settings.Fallbacks) == 0:
		return problem{text: "the server has no TLS; turn it on there, or leave out sslmode"}, true
	}
	return problem{text: "what answers there does not speak PostgreSQL's protocol; is the port right?"}, true
}

func (d *postgres) denied(e *pgconn.PgError, t *Table, user string) string {
	if t != nil {
		return fmt.Sprintf("%s; run as the owner: %s", e.Message, d.grant(t, user))
	}
	return fmt.Sprintf("%s; run as the owner: GRANT CONNECT ON DATABASE %s TO %s;", e.Message, d.quote(d.settings.Database), d.quote(user))
}
