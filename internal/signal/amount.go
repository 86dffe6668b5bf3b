package signal

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
)

// Decimal is an exact decimal number, as text without an exponent: "18240.5". The empty
// Decimal is no number.
type Decimal string

// mostDigits bounds the digits of a number. No amount of money has more.
const mostDigits = 64

// ParseDecimal reads a number as a database writes it: "18240.50", "-7", "1e3", ".5". shift
// moves the point to the left, for a column that holds minor units. false: it is no number.
func ParseDecimal(text string, shift int) (Decimal, bool) {
	text = strings.TrimSpace(text)
	if len(text) == 0 || len(text) > mostDigits || strings.ContainsAny(text, "/_pPxXbBoO") {
		return "", false
	}
	if _, exponent, _ := strings.Cut(strings.ToLower(text), "e"); len(exponent) > 3 { // it would take much memory
		return "", false
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", false
	}
	number.Quo(number, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(shift)), nil)))
	return decimalOf(number), true
}

// decimalOf writes a number whose denominator is a product of twos and fives.
func decimalOf(number *big.Rat) Decimal {
	digits, _ := number.FloatPrec()
	text := number.FloatString(digits)
	return Decimal(text)
}

// rat is the number; zero for no number.
func (d Decimal) rat() *big.Rat {
	number, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return new(big.Rat)
	}
	return number
}

// Plus is the exact sum.
func (d Decimal) Plus(other Decimal) Decimal {
	return decimalOf(new(big.Rat).Add(d.rat(), other.rat()))
}

// Times is the exact product with a number of orders.
func (d Decimal) Times(n int64) Decimal {
	return decimalOf(new(big.Rat).Mul(d.rat(), new(big.Rat).SetInt64(n)))
}

// Float is the nearest number that a metric can hold. Nothing is calculated with it.
func (d Decimal) Float() float64 {
	f, _ := d.rat().Float64()
	return f
}

// Amount is the sum of what orders are worth in one currency.
type Amount struct {
	Currency string  `json:"currency"` // an ISO 4217 code, or what the column holds
	Value    Decimal `json:"amount"`
	Orders   int64   `json:"orders"` // whose amounts it sums
}

// Amounts are sums of money by currency, in its order. Several currencies are never added.
type Amounts []Amount

// Plus returns the amounts with one more in them.
func (a Amounts) Plus(more Amount) Amounts {
	i, found := slices.BinarySearchFunc(a, more.Currency, func(x Amount, c string) int { return cmp.Compare(x.Currency, c) })
	if !found {
		return slices.Insert(slices.Clone(a), i, more)
	}
	sum := slices.Clone(a)
	sum[i].Value, sum[i].Orders = sum[i].Value.Plus(more.Value), sum[i].Orders+more.Orders
	return sum
}

// Coverage says which affected orders the amounts include.
type Coverage string

// The coverages.
const (
	CoversAll     Coverage = "all"
	CoversCounted Coverage = "counted" // of those up to a cap; there may be more
	CoversSample  Coverage = "sample"  // of those that the finding names
)

// Stake is the money that affected orders are worth, as far as it is known.
type Stake struct {
	Amounts  Amounts
	Coverage Coverage // empty where no amount is configured
}

// Orders is the number of orders whose amounts are known.
func (s Stake) Orders() (n int64) {
	for _, a := range s.Amounts {
		n += a.Orders
	}
	return n
}

// coverageRank orders coverages, the widest first.
var coverageRank = map[Coverage]int{"": 0, CoversAll: 1, CoversCounted: 2, CoversSample: 3}

// Plus is what both are worth. It covers what the narrower one covers.
func (s Stake) Plus(other Stake) Stake {
	for _, a := range other.Amounts {
		s.Amounts = s.Amounts.Plus(a)
	}
	if coverageRank[other.Coverage] > coverageRank[s.Coverage] {
		s.Coverage = other.Coverage
	}
	return s
}
