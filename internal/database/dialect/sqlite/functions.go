package sqlite

import (
	"crypto/md5" //nolint:gosec // it guards nothing: it is what the servers have, too
	"database/sql/driver"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	sqlitedriver "modernc.org/sqlite"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// What the servers can do in SQL and SQLite cannot, our connections have as
// functions. They change nothing in the file.
const (
	hashFunction   = "lostorder_hash"
	numberFunction = "lostorder_number"
)

// sqliteDriver is a driver of our own, so that the functions are on our connections
// and on no others of the program.
var sqliteDriver = func() *sqlitedriver.Driver {
	d := &sqlitedriver.Driver{}
	d.MustRegisterDeterministicScalarFunction(hashFunction, 1, func(_ *sqlitedriver.FunctionContext, args []driver.Value) (driver.Value, error) {
		return hash40(plain(args[0])), nil
	})
	d.MustRegisterDeterministicScalarFunction(numberFunction, 1, func(_ *sqlitedriver.FunctionContext, args []driver.Value) (driver.Value, error) {
		if args[0] == nil {
			return nil, nil
		}
		return decimal(plain(args[0])), nil
	})
	return d
}()

// plain is a value as text.
func plain(v driver.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// hash40 is the first forty bits of the MD5 of a text.
func hash40(text string) int64 {
	sum := md5.Sum([]byte(text)) //nolint:gosec // see above
	var n int64
	for _, b := range sum[:5] {
		n = n<<8 | int64(b)
	}
	return n
}

// decimals is how many of a number count.
const decimals = 10

// decimal writes a number as the servers do: without zeros at the end of its
// fraction. What is no number stays as it is.
func decimal(text string) string {
	if !dialect.IsNumeric(text, false) {
		return text
	}
	whole, fraction, point := strings.Cut(text, ".")
	if point && len(fraction) > decimals || whole == "" || whole == "-" || strings.HasPrefix(text, "-0") {
		if n, ok := new(big.Rat).SetString(text); ok {
			text = n.FloatString(decimals)
			point = true
		}
	}
	if point {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}
