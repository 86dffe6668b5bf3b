package mysql_test

import (
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"github.com/lostorder/lostorder/internal/database/dialect/mysql"
)

func TestGarbageIsNotMySQLsProtocol(t *testing.T) {
	for _, err := range []error{driver.ErrMalformPkt, driver.ErrPktSync, driver.ErrPktSyncMul} {
		if got := mysql.ExplainError(err); !strings.Contains(got, "does not speak MySQL's protocol; is the port right?") {
			t.Errorf("%v is explained as %q", err, got)
		}
	}
}

func TestAMySQLWithoutMD5IsToldWhatToInstall(t *testing.T) {
	const component = "INSTALL COMPONENT 'file://component_classic_hashing'"
	for message, test := range map[string]struct {
		number uint16
		ours   bool
	}{
		"execute command denied to user 'watcher'@'%' for routine 'shop.md5'":      {1370, true},
		"FUNCTION shop.md5 does not exist":                                         {1305, true},
		"execute command denied to user 'watcher'@'%' for routine 'shop.total'":    {1370, false},
		"FUNCTION shop.total does not exist":                                       {1305, false},
		"SELECT command denied to user 'watcher'@'%' for table `shop`.`md5_of_it`": {1142, false},
	} {
		if got := mysql.Explain(test.number, message); strings.Contains(got, component) != test.ours {
			t.Errorf("%q is explained as %q", message, got)
		}
	}
}
