package database

import (
	"context"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/signal"
)

// failure is an error whose text was made here and holds no secret. The error of the driver
// stays inside: its text may hold the URL.
type failure struct {
	doing  string
	reason string
	remedy signal.Remedy
	cause  error
}

func (f *failure) Error() string { return f.doing + ": " + f.text() }

// text is the reason and what to do about it.
func (f *failure) text() string { return f.reason + f.remedy.String() }

// Remedy is what to do about the error.
func (f *failure) Remedy() signal.Remedy {
	r := f.remedy
	r.For = f.doing
	return r
}

// Is answers for the cause without handing it out.
func (f *failure) Is(target error) bool { return errors.Is(f.cause, target) }

// Timeout reports whether it took too long: for us, or for the server, which ends a
// statement by itself and has an error of its own for that.
func (f *failure) Timeout() bool {
	return errors.Is(f.cause, context.DeadlineExceeded) || strings.HasPrefix(f.reason, "timeout: ")
}

// Join joins errors on one line. A reason that several share appears once. It is
// nil when all of them are.
func Join(errs ...error) error {
	var all []error
	var reasons []string
	doing := map[string][]string{}
	for _, err := range flat(errs) {
		if err == nil || errors.Is(err, errNotAsked) && len(all) > 0 {
			continue // the error that ended the transaction is there already
		}
		all = append(all, err)
		reason, did := err.Error(), []string(nil)
		if f, ok := err.(*failure); ok { //nolint:errorlint // what wraps a failure has words of its own
			reason, did = f.text(), []string{f.doing}
		}
		if _, said := doing[reason]; !said {
			reasons = append(reasons, reason)
		}
		doing[reason] = append(doing[reason], did...)
	}
	if len(all) == 0 {
		return nil
	}
	var text strings.Builder
	for i, reason := range reasons {
		if i > 0 {
			text.WriteString(strings.TrimPrefix("; ", text.String()[text.Len()-1:])) // a statement has its semicolon
		}
		if did := doing[reason]; len(did) > 0 {
			text.WriteString(strings.Join(dialect.Unique(did), ", ") + ": ")
		}
		text.WriteString(reason)
	}
	return &joined{text.String(), all}
}

// flat splits errors that were joined, so that a shared reason
// appears once.
func flat(errs []error) (all []error) {
	for _, err := range errs {
		if j, ok := err.(*joined); ok { //nolint:errorlint // what wraps them has words of its own
			all = append(all, j.all...)
		} else {
			all = append(all, err)
		}
	}
	return all
}

// joined is several errors on one line.
type joined struct {
	text string
	all  []error
}

func (j *joined) Error() string   { return j.text }
func (j *joined) Unwrap() []error { return j.all }

// connectError says why there is no transaction; ctx is that of the reading.
func (db *DB) connectError(ctx context.Context, err error) error {
	doing := fmt.Sprintf("connect to database %s (%s)", db.config.Name, db.dialect.Location())
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{doing: doing, reason: fmt.Sprintf("timeout: no answer within %s", db.config.connectTimeout()), cause: err}
	}
	return db.failure(doing, nil, "", err)
}

// fail says what went wrong with a query.
func (r *Reading) fail(doing string, q *dialect.Query, err error) error {
	failed := r.db.failure(doing, q, r.session.User, err)
	r.remedies = signal.MergeRemedies(r.remedies, signal.Remedies(failed))
	return failed
}

func (db *DB) failure(doing string, q *dialect.Query, user string, err error) error {
	var p dialect.Problem
	if own := (*dialect.Problem)(nil); errors.As(err, &own) {
		p = *own
	} else if explained, known := db.dialect.Explain(err, q, user); known {
		p = explained
	} else {
		p = explainAny(err, db.config.statementTimeout())
	}
	if p.Changed {
		db.forget()
	}
	// On one line: the text of a server may hold a part of the query.
	reason := strings.ReplaceAll(dialect.Scrub(p.Text, db.secrets()), "\n", " ")
	return &failure{doing: doing, reason: reason, remedy: p.Fix, cause: err}
}

// Fail is an error of a reading: what it was doing, and why that failed.
func Fail(doing string, err error) error {
	return &failure{doing: doing, reason: err.Error(), cause: err}
}

// explainAny says what errors mean that every driver may give.
func explainAny(err error, timeout time.Duration) dialect.Problem {
	var unknown *net.DNSError
	if problem, ok := untrustedCertificate(err); ok {
		return problem
	}
	switch {
	case errors.Is(err, dialect.ErrTooLarge):
		return dialect.Problem{Text: dialect.ErrTooLarge.Error() + "; is it the right server?"}
	case errors.Is(err, dialect.ErrStatementTimeout):
		return dialect.Problem{Text: fmt.Sprintf("timeout: the query took longer than the statement timeout of %s", timeout), Changed: true}
	case errors.Is(err, context.DeadlineExceeded):
		return dialect.Problem{Text: "timeout: " + context.DeadlineExceeded.Error()}
	case errors.Is(err, context.Canceled):
		return dialect.Problem{Text: context.Canceled.Error()}
	case errors.As(err, &unknown):
		return dialect.Problem{Text: fmt.Sprintf("host %q is not known; check the name and the resolver", unknown.Name)}
	case errors.Is(err, syscall.ECONNREFUSED):
		return dialect.Problem{Text: "nothing accepts connections there; is the server up, and is the port right?"}
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return dialect.Problem{Text: "too many open files; raise the limit of open files of lostorder (ulimit -n, or LimitNOFILE of systemd)"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return dialect.Problem{Text: "timeout: the server does not answer"}
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return dialect.Problem{Text: "the connection was cut"}
	}
	return dialect.Problem{Text: err.Error()}
}

// untrustedCertificate says why the certificate of a server is refused.
func untrustedCertificate(err error) (p dialect.Problem, ok bool) {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return dialect.Problem{Text: fmt.Sprintf("the certificate of the server is valid from %s to %s only; renew it, or check this machine's clock",
				invalid.Cert.NotBefore.UTC().Format(time.RFC3339), invalid.Cert.NotAfter.UTC().Format(time.RFC3339))}, true
		}
		return dialect.Problem{Text: "the certificate of the server is not valid: " + invalid.Error()}, true
	}
	if other, ok := errors.AsType[x509.HostnameError](err); ok {
		return dialect.Problem{Text: fmt.Sprintf("the certificate of the server is for another name than %s; connect to a name that it has", other.Host)}, true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return dialect.Problem{Text: "the certificate of the server is signed by an authority that is not trusted here; name the file of its CA in the URL (PostgreSQL: sslrootcert, MySQL and MariaDB: ca)"}, true
	}
	return p, false
}
