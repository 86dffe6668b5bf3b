package dialect_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// TestOddPasswordsAreRefusedOrUnderstood: whatever a password contains, no part of it may
// be taken for the host, and no error may repeat it.
func TestOddPasswordsAreRefusedOrUnderstood(t *testing.T) {
	if n := len(collectortest.OddPasswords()); n < 100 {
		t.Fatalf("%d passwords are too few", n)
	}
	for _, scheme := range []string{"postgres", "mysql", "mariadb"} {
		for _, password := range collectortest.OddPasswords() {
			u, err := dialect.ParseURL(scheme + "://lo:" + password + "@db.internal:5432/shop")
			switch {
			case err != nil:
				if strings.Contains(err.Error(), "Zebra7") || strings.Contains(err.Error(), "Tr0ub4dor") {
					t.Errorf("%s, %s: the error repeats the password: %v", scheme, password, err)
				}
			case u.Host != "db.internal:5432" || u.Path != "/shop" || u.RawQuery != "" || u.Fragment != "":
				t.Errorf("%s, %s: accepted as host %q, path %q", scheme, password, u.Host, u.Path)
			}
			escaped := url.UserPassword("lo", password).String()
			u, err = dialect.ParseURL(scheme + "://" + escaped + "@db.internal:5432/shop")
			if err != nil {
				t.Errorf("%s, %s: refused although it is escaped: %v", scheme, password, err)
				continue
			}
			if got, _ := u.User.Password(); got != password {
				t.Errorf("%s: got %q, want %q", scheme, got, password)
			}
		}
	}
}

func TestValuesAreRedactedAndNotWords(t *testing.T) {
	for _, test := range []struct{ secret, text, want string }{
		{"wrong", `FATAL: wrong password for user "lo"`, `FATAL: wrong password for user "lo"`},
		{"password", `Access denied for user 'lo' (using password: YES)`, `Access denied for user 'lo' (using password: YES)`},
		{"wrong", "cannot parse postgres://lo:wrong@db/shop", "cannot parse postgres://lo:<secret>@db/shop"},
		{"wrong", "the password: wrong", "the password: <secret>"},
		{"wrong", "password=wrong host=db", "password=<secret> host=db"},
		{"wrong", `wrong password "wrong"`, `wrong password "<secret>"`},
		{"Zebra7", "rejected Zebra7 twice: Zebra7", "rejected <secret> twice: <secret>"},
	} {
		if got := dialect.Scrub(test.text, []string{test.secret}); got != test.want {
			t.Errorf("%s: got %q, want %q", test.secret, got, test.want)
		}
	}
}
