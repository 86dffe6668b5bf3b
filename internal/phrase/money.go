package phrase

import (
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// symbols are how people write the most common currencies. Others are written by code.
var symbols = map[string]string{"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "PLN": "zł", "TRY": "₺", "UAH": "₴", "BRL": "R$"}

// whole are the currencies without a smaller unit.
var whole = map[string]bool{"JPY": true, "KRW": true, "CLP": true, "ISK": true, "VND": true}

// Money writes an amount as people do: "€ 18,240.50". It rounds nothing.
func Money(currency string, value signal.Decimal) string {
	number, sign := string(value), ""
	if rest, negative := strings.CutPrefix(number, "-"); negative {
		number, sign = rest, "-"
	}
	units, fraction, _ := strings.Cut(number, ".")
	for len(fraction) < 2 && !whole[currency] {
		fraction += "0"
	}
	units = grouped(units)
	if fraction != "" {
		units += "." + fraction
	}
	name := currency
	if symbol, known := symbols[currency]; known {
		name = symbol
	}
	return strings.TrimSpace(name + " " + sign + units)
}

// Stake writes what affected orders are worth: "€ 18,240.50 in 132 orders". It is empty
// where nothing is known, and says where the amounts are not those of all orders.
func Stake(s signal.Stake) string {
	if len(s.Amounts) == 0 {
		return ""
	}
	texts := make([]string, len(s.Amounts))
	for i, a := range s.Amounts {
		texts[i] = Money(a.Currency, a.Value)
		if len(s.Amounts) > 1 {
			texts[i] += " (" + Count(int(a.Orders), "order") + ")"
		}
	}
	text := strings.Join(texts, " and ") + " in " + Count(int(s.Orders()), "order")
	switch s.Coverage {
	case signal.CoversCounted:
		return "at least " + text
	case signal.CoversSample:
		return text + " of the sample"
	case signal.CoversAll:
	}
	return text
}
