package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

func (d *server) Explain(err error, q *dialect.Query, user string) (dialect.Problem, bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return d.notSpoken(err)
	}
	user = cmp.Or(user, d.settings.User)
	var table *dialect.Table
	if q != nil {
		table = q.Table
	}
	switch e.Code {
	case "28P01":
		return dialect.Problem{Text: fmt.Sprintf("wrong password for user %q, or there is no such user", user)}, true
	case "28000":
		return dialect.Problem{Text: fmt.Sprintf("user %q may not connect: %s (see pg_hba.conf)", user, e.Message)}, true
	case "3D000":
		return dialect.Problem{Text: fmt.Sprintf("there is no database %q on this server", d.settings.Database)}, true
	case "42501":
		return d.denied(e, table, user), true
	case "42703", "42P01", "42883", "42601":
		text := e.Message
		if e.Hint != "" {
			text += "; " + strings.TrimSuffix(e.Hint, ".")
		}
		if table != nil && e.Code == "42703" {
			text += "; " + table.ListColumns()
		}
		return dialect.Problem{Text: text, Changed: true}, true
	case "22P02":
		return dialect.Problem{Text: e.Message + "; write values that the column can hold", Changed: true}, true
	case "22023":
		return dialect.Problem{Text: e.Message + "; correct time_zone"}, true
	case "57014":
		if strings.Contains(e.Message, "statement timeout") {
			return dialect.Problem{Text: fmt.Sprintf("timeout: the server ended the query after the statement timeout of %s", d.config.StatementTimeout), Changed: true}, true
		}
	case "55P03":
		return dialect.Problem{Text: fmt.Sprintf("timeout: the table was locked for %s by a change of its structure, and waiting longer would hold up others",
			min(time.Duration(d.config.StatementTimeout), dialect.LockTimeout))}, true
	case "53300":
		return dialect.Problem{Text: "the server has no connection left: " + e.Message}, true
	case "57P03":
		return dialect.Problem{Text: "the server is starting up or in recovery: " + e.Message}, true
	}
	return dialect.Problem{Text: fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code)}, true
}

// notSpoken explains errors that the driver gives no type: the server has no TLS, or it is
// not PostgreSQL at all, refuses TLS and then answers what the driver cannot read.
func (d *server) notSpoken(err error) (dialect.Problem, bool) {
	var network net.Error
	switch {
	case strings.Contains(err.Error(), "require_auth"):
		return dialect.Problem{Text: "the server asks for the password in clear, and lostorder sends it so only over TLS; add sslmode=verify-full, or have the server ask for scram-sha-256"}, true
	case errors.As(err, new(*pgproto3.ExceededMaxBodyLenErr)):
		return dialect.Problem{Text: fmt.Sprintf("the server sent a message of more than %d MiB, which no answer to lostorder is", largestMessage>>20)}, true
	case !strings.Contains(err.Error(), "server refused TLS connection"), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return dialect.Problem{}, false
	case len(d.settings.Fallbacks) == 0:
		return dialect.Problem{Text: "the server has no TLS; turn it on there, or leave out sslmode"}, true
	}
	return dialect.Problem{Text: "what answers there does not speak PostgreSQL's protocol; is the port right?"}, true
}

func (d *server) denied(e *pgconn.PgError, t *dialect.Table, user string) dialect.Problem {
	if t != nil {
		return dialect.Problem{Text: e.Message, Fix: dialect.AsOwner(d.Grant(t, user))}
	}
	remedy := dialect.AsOwner(fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s;", d.Quote(d.settings.Database), d.Quote(user)))
	remedy.Kind = signal.RemedyConnect
	return dialect.Problem{Text: e.Message, Fix: remedy}
}
