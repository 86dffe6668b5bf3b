package mysql

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	driver "github.com/go-sql-driver/mysql"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// The numbers of some errors.
const (
	noRight         = 1227
	noSuchStatement = 1064 // a mistake in the syntax, to a server that has no such statement
	noBinlog        = 1381
	noTable         = 1146
	noSelect        = 1142 // on a table
	noColumn        = 1143
)

func isNumber(err error, number uint16) bool {
	var e *driver.MySQLError
	return errors.As(err, &e) && e.Number == number
}

func (d *server) Explain(err error, q *dialect.Query, user string) (dialect.Problem, bool) {
	var e *driver.MySQLError
	if errors.Is(err, driver.ErrInvalidConn) {
		return dialect.Problem{Text: "the connection was cut"}, true
	}
	switch {
	case errors.Is(err, driver.ErrMalformPkt), errors.Is(err, driver.ErrPktSync), errors.Is(err, driver.ErrPktSyncMul):
		return dialect.Problem{Text: "what answers there does not speak MySQL's protocol; is the port right?"}, true
	case errors.Is(err, driver.ErrCleartextPassword):
		return dialect.Problem{Text: "the server asks for the password in clear, and lostorder does not send it so; give the user caching_sha2_password or mysql_native_password"}, true
	case errors.Is(err, errColumns):
		return dialect.Problem{Text: errColumns.Error()}, true
	case errors.Is(err, driver.ErrOldPassword):
		return dialect.Problem{Text: "the server asks for the password in the form of before MySQL 4.1, which anybody can read, and lostorder does not send it so; give the user a new password"}, true
	case errors.Is(err, driver.ErrNoTLS):
		return dialect.Problem{Text: "the server has no TLS; turn it on there, or set tls=preferred"}, true
	}
	if !errors.As(err, &e) {
		return dialect.Problem{}, false
	}
	user = cmp.Or(user, d.settings.User)
	var table *dialect.Table
	if q != nil {
		table = q.Table
	}
	if (e.Number == 1305 || e.Number == 1370) && strings.Contains(e.Message, d.settings.DBName+".md5") {
		return dialect.Problem{Text: "the server has no md5(), which comparing rows needs; MySQL 9.6 and later have it as a component", Changed: true, Fix: signal.Remedy{
			Kind: signal.RemedySetting, Lead: "run as an administrator: ", Text: "INSTALL COMPONENT 'file://component_classic_hashing'",
		}}, true
	}
	switch e.Number {
	case 1045, 1698:
		return dialect.Problem{Text: fmt.Sprintf("wrong password for user %q, or no such user may connect from here", user)}, true
	case 1044:
		d.refused = accountIn(e.Message)
		the := &dialect.Table{Schema: d.settings.DBName, Name: "the_table"}
		return dialect.Problem{
			Text: fmt.Sprintf("user %q may not use database %q, if there is one", user, d.settings.DBName),
			Fix:  dialect.AsAdministrator(d.Grant(the, cmp.Or(d.refused, user))),
		}, true
	case 1049:
		return dialect.Problem{Text: fmt.Sprintf("there is no database %q on this server", d.settings.DBName)}, true
	case noSelect, noColumn, 1370:
		p := dialect.Problem{Text: e.Message, Changed: true}
		if table != nil {
			p.Fix = dialect.AsAdministrator(d.Grant(table, user))
		}
		return p, true
	case 1054, noTable, noSuchStatement, 1305:
		text := e.Message
		if table != nil && e.Number == 1054 {
			text += "; " + table.ListColumns()
		}
		return dialect.Problem{Text: text, Changed: true}, true
	case 1176:
		return dialect.Problem{Text: e.Message + "; it was there when the plan was read, and the next reading finds another", Changed: true}, true
	case 1345:
		return dialect.Problem{Text: e.Message + "; only a user who may SELECT what the view reads and SHOW VIEW on it can ask whether the query would scan; grant both, or name the table itself", Changed: true}, true
	case 1298:
		loads := "mysql_tzinfo_to_sql"
		if d.mariadb {
			loads = "mariadb-tzinfo-to-sql"
		}
		return dialect.Problem{Text: fmt.Sprintf("the server does not know the time zone %q; load its time zone tables (%s), or write an offset such as +02:00", d.config.TimeZone, loads)}, true
	case 3024, 1969:
		return dialect.Problem{Text: fmt.Sprintf("timeout: the server ended the query after the statement timeout of %s", d.config.StatementTimeout), Changed: true}, true
	case 1205:
		return dialect.Problem{Text: "timeout: the table was locked for a second by a change of its structure, and waiting longer would hold up others"}, true
	case 1040, 1203, 1226:
		return dialect.Problem{Text: "the server has no connection left: " + e.Message}, true
	}
	return dialect.Problem{Text: fmt.Sprintf("%s (error %d)", e.Message, e.Number)}, true
}

// accountIn is the account that an error names, in the form of current_user(); empty when it
// names none.
func accountIn(message string) string {
	_, rest, _ := strings.Cut(message, "for user '")
	name, rest, _ := strings.Cut(rest, "'@'")
	host, _, ok := strings.Cut(rest, "'")
	if !ok {
		return ""
	}
	return name + "@" + host
}
