package database

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	driver "github.com/go-sql-driver/mysql"
)

func (d *mysql) explain(err error, q *query, s session) (problem, bool) {
	var e *driver.MySQLError
	if errors.Is(err, driver.ErrInvalidConn) {
		return problem{text: "the connection was cut"}, true
	}
	if !errors.As(err, &e) {
		return problem{}, false
	}
	user := d.settings.User
	if s.user != "" {
		user = s.user
	}
	var table *Table
	if q != nil {
		table = q.table
	}
	if (e.Number == 1305 || e.Number == 1370) && strings.Contains(e.Message, d.settings.DBName+".md5") {
		return problem{"the server has no md5(), by which rows are compared; MySQL 9.6 and later have it once an administrator runs INSTALL COMPONENT 'file://component_classic_hashing'", true}, true
	}
	switch e.Number {
	case 1045, 1698:
		return problem{text: fmt.Sprintf("wrong password for user %q, or no such user may connect from here", user)}, true
	case 1044:
		d.account = accountIn(e.Message)
		the := &Table{Schema: d.settings.DBName, Name: "the_table"}
		return problem{text: fmt.Sprintf("user %q may not use database %q, if there is one; run as an administrator: %s", user, d.settings.DBName, d.grant(the, cmp.Or(d.account, user)))}, true
	case 1049:
		return problem{text: fmt.Sprintf("there is no database %q on this server", d.settings.DBName)}, true
	case 1142, 1143, 1370:
		text := e.Message
		if table != nil {
			text += "; run as an administrator: " + d.grant(table, user)
		}
		return problem{text, true}, true
	case 1054, 1146, 1064, 1305:
		text := e.Message
		if table != nil && e.Number == 1054 {
			text += "; " + columnsOf(table)
		}
		return problem{text, true}, true
	case 1176:
		return problem{e.Message + "; it was there when the plan was looked at, and the next reading looks for another", true}, true
	case 1345:
		return problem{e.Message + "; whether the query would scan can be asked only by a user who may SELECT what the view reads and SHOW VIEW on it; grant both, or name the table itself", true}, true
	case 1298:
		loads := "mysql_tzinfo_to_sql"
		if d.mariadb {
			loads = "mariadb-tzinfo-to-sql"
		}
		return problem{text: fmt.Sprintf("the server does not know the time zone %q; load its tables of zones (%s), or write an offset such as +02:00", d.config.TimeZone, loads)}, true
	case 3024, 1969:
		return problem{fmt.Sprintf("timeout: the server ended the query after the statement timeout of %s", d.config.StatementTimeout), true}, true
	case 1205:
		return problem{text: "timeout: the table was locked for a second by a change of its structure, and waiting longer would hold up others"}, true
	case 1040, 1203, 1226:
		return problem{text: "the server has no connection left: " + e.Message}, true
	}
	return problem{text: fmt.Sprintf("%s (error %d)", e.Message, e.Number)}, true
}
