package mysql_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/database/dialect/mysql"
)

func TestColumnsThatAPacketAnnounces(t *testing.T) {
	for name, test := range map[string]struct {
		head string
		want uint64
	}{
		"three columns":               {"\x01\x00\x00\x01\x03", 0},
		"a thousand":                  {"\x03\x00\x00\x01\xfc\xe8\x03", 1000},
		"sixteen million":             {"\x04\x00\x00\x01\xfd\xff\xff\xff", 1<<24 - 1},
		"more than there is room for": {"\x09\x00\x00\x01\xfe\xff\xff\xff\xff\xff\xff\xff\x7f", 1<<63 - 1},
		"not all has come":            {"\x09\x00\x00\x01\xfe\xff\xff", 0},
		"OK":                          {"\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00", 0},
		"an error":                    {"\x09\x00\x00\x01\xff\x48\x04#HY000", 0},
		"a packet of the login":       {"\x04\x00\x00\x02\xfd\xff\xff\xff", 0},
		"a record of TLS":             {"\x17\x03\x03\x01\xfd\xff\xff\xff", 0},
		"nothing":                     {"", 0},
	} {
		if got := mysql.ColumnsOf([]byte(test.head)); got != test.want {
			t.Errorf("%s: %d columns, want %d", name, got, test.want)
		}
	}
}
