package database_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
)

func TestURLs(t *testing.T) {
	const bad = "hunter22"
	for _, test := range []struct{ url, want string }{
		{"postgres://lostorder:hunter22@db:5432/shop?sslmode=require", ""},
		{"postgresql://lostorder@db/shop", ""},
		{"mysql://lostorder:p%40ss@db:3306/shop", ""},
		{"mariadb://lostorder:hunter22@db/shop?tls=skip-verify", ""},
		{"mysql://lostorder@localhost/shop?socket=/run/mysqld.sock", ""},
		{"sqlite:///var/lib/shop/orders.db", ""},
		{"sqlite:shop.db", ""},
		{"oracle://lostorder:hunter22@db/shop", `the scheme "oracle" is not one of postgres, mysql, mariadb, sqlite`},
		{"hunter22", "not a URL; write for example postgres://"},
		{"hunter22-is-a-secret:x", `the scheme "…" is not one of`},
		{"postgres://lostorder:hunter22#x@db/shop", "not a"},
		{"postgres://lostorder:hunter22%@db/shop", "special character in the user or the password has to be escaped"},
		{"postgres://lostorder:hunter22@db:notaport/shop", "the port is not a number"},
		{"mysql://lostorder:hunter22@db:33o6/shop", "the port is not a number"},
		{"postgres://lostorder:/hunter22@db/shop", "special character in the user or the password has to be escaped"},
		{"postgres://lostorder:12345#hunter22@db/shop", "special character in the user or the password has to be escaped"},
		{"postgres://lostorder:x/hunter22@db:5432/shop", "special character in the user or the password is not escaped"},
		{"postgres://lostorder:hunter22@db/shop?sslmode=no", "not a PostgreSQL URL"},
		{"postgres://lo:a@hunter22?hunter22@db:5432/shop", "has to be escaped"},
		{"postgres://lo:a@h#hunter22@db:5432/shop", "has to be escaped"},
		{"postgres://lo:a@h/hunter22@db:5432/shop", "has to be escaped"},
		{"mysql://lo:a@x/shop?hunter22@db:3306/shop", "has to be escaped"},
		{"mysql://lo:a@x/shop?tls=true&hunter22@db=1", "has to be escaped"},
		{"mysql://lo:a@h#hunter22@db:3306/shop", "has to be escaped"},
		{"mysql://lo:hunter22@hunter22@db:3306/shop?x=hunter22", "is not one of tls, ca, socket"},
		{"mysql://lo@db/shop?socket=@abstract", ""},
		{"mysql://lostorder:hunter22@db", "name one database"},
		{"mysql://lostorder:hunter22@db/shop?charset=x", `the option "charset" is not one of tls, ca, socket`},
		{"mysql://lostorder:hunter22@db/shop?tls=maybe", "the option tls is one of"},
		{"mysql:///shop", "name the host"},
		{"sqlite://host/x.db", "a sqlite URL has no host"},
		{"sqlite:x.db?mode=rw", "takes no options"},
		{"sqlite::memory:", "names a file"},
	} {
		text := "databases: [{name: shop, url: '" + test.url + "'}]"
		_, err := config.Parse("test.yml", []byte(text), "", []config.Section{database.Section()})
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.url, err)
		case test.want != "" && err == nil:
			t.Errorf("%s: there is no error, want %q", test.url, test.want)
		case test.want != "" && !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: got %v, want %q", test.url, err, test.want)
		case err != nil && strings.Contains(err.Error(), bad):
			t.Errorf("the error holds the secret: %v", err)
		}
	}
}

func TestASQLiteFileHasNoTimeZone(t *testing.T) {
	_, err := config.Parse("test.yml", []byte("databases: [{name: shop, url: 'sqlite:x.db', time_zone: UTC}]"), "", []config.Section{database.Section()})
	if err == nil || !strings.Contains(err.Error(), "databases[0].time_zone: SQLite has no time zones") {
		t.Errorf("got %v", err)
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	if err := config.Lint([]config.Section{database.Section()}); err != nil {
		t.Error(err)
	}
}
