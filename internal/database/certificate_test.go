package database

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestErrorsOfTheConnectionSayWhatToDo, however deep a driver wraps them.
func TestErrorsOfTheConnectionSayWhatToDo(t *testing.T) {
	certificate := &x509.Certificate{NotBefore: time.Unix(0, 0), NotAfter: time.Unix(3600, 0), DNSNames: []string{"other"}}
	for want, err := range map[string]error{
		"valid from 1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z only; renew it": x509.CertificateInvalidError{Cert: certificate, Reason: x509.Expired},
		"is not valid: x509: certificate specifies an incompatible key usage":    x509.CertificateInvalidError{Cert: certificate, Reason: x509.IncompatibleUsage},
		"for another name than db.internal; connect to a name that it has":       x509.HostnameError{Certificate: certificate, Host: "db.internal"},
		"signed by an authority that is not trusted here; name the file":         x509.UnknownAuthorityError{Cert: certificate},
		"too many open files; raise the limit":                                   syscall.EMFILE,
	} {
		wrapped := fmt.Errorf("failed to connect: %w", &tls.CertificateVerificationError{Err: err})
		if got := explainAny(wrapped, time.Second).Text; !strings.Contains(got, want) || strings.Contains(got, "failed to connect") {
			t.Errorf("says %q, want %q", got, want)
		}
	}
}
