package collectors

import (
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// Money says how a table holds what its orders are worth. A source adds the names of the
// columns.
type Money struct {
	Currency   string `yaml:"currency" doc:"The currency of columns.amount, as ISO 4217 code, if no column holds it." example:"EUR"`
	MinorUnits int    `yaml:"minor_units" min:"0" max:"6" doc:"How many decimals the amount has, if columns.amount holds whole minor units: 2 for cents." example:"2"`
}

// Errors are what is wrong with the settings of a table under a path, given the names of
// its columns.
func (m *Money) Errors(path, amount, currency string) (errs []error) {
	switch {
	case amount == "" && currency != "":
		errs = append(errs, config.At(path+".columns.currency", "given without amount; name the column of the amount, or remove currency"))
	case amount == "" && m.Currency != "":
		errs = append(errs, config.At(path+".currency", "given without columns.amount; name the column of the amount, or remove currency"))
	case amount == "" && m.MinorUnits != 0:
		errs = append(errs, config.At(path+".minor_units", "given without columns.amount; name the column of the amount, or remove minor_units"))
	case amount != "" && currency == "" && m.Currency == "":
		errs = append(errs, config.At(path+".columns.amount", "an amount needs a currency; name its column as columns.currency, or write for example currency: EUR"))
	case amount != "" && currency != "" && m.Currency != "":
		errs = append(errs, config.At(path+".currency", "given together with columns.currency; keep one of them"))
	}
	return errs
}

// WorthOf looks up the columns; nil without an amount.
func WorthOf(columns *database.Columns, amount, currency string) *database.Worth {
	a := columns.Maybe(amount, "amount")
	if a == nil {
		return nil
	}
	return &database.Worth{Amount: *a, Currency: columns.Maybe(currency, "currency")}
}

// Amount is what one row is worth, as the database writes it. false: it says nothing, or no
// number.
func (m *Money) Amount(amount, currency string, rows int64) (signal.Amount, bool) {
	value, ok := signal.ParseDecimal(amount, m.MinorUnits)
	if !ok {
		return signal.Amount{}, false
	}
	currency = strings.TrimSpace(currency)
	if m.Currency != "" {
		currency = m.Currency
	}
	if len(currency) == 3 {
		currency = strings.ToUpper(currency)
	}
	if currency == "" {
		currency = unknownCurrency
	}
	return signal.Amount{Currency: currency, Value: value.Times(rows), Orders: rows}, true
}

// unknownCurrency stands for a currency that its column does not name. Amounts in it are
// not those of another currency.
const unknownCurrency = "XXX" // ISO 4217 for no currency

// mostCurrencies bounds the currencies of one sum: a column with more holds something else.
const mostCurrencies = 50

// Sum adds what rows are worth, by currency. unread is how many of them say nothing, or no
// number.
func (m *Money) Sum(rows []database.Valued) (sum signal.Amounts, unread int64, err error) {
	for _, row := range rows {
		amount, ok := m.Amount(row.Amount, row.Currency, row.Rows)
		if !ok {
			unread += row.Rows
			continue
		}
		if sum = sum.Plus(amount); len(sum) > mostCurrencies {
			return nil, unread, fmt.Errorf("column columns.currency names more than %d currencies; does it hold currencies", mostCurrencies)
		}
	}
	return sum, unread, nil
}
