package api

import (
	"encoding/csv"
	"io"
	"strings"
	"time"
)

// WriteOrders writes one line for each order that findings name, for support and finance.
func WriteOrders(w io.Writer, findings []Finding) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"order_id", "finding", "mode", "severity", "subject", "since"}); err != nil {
		return err
	}
	for i := range findings {
		f := &findings[i]
		for _, id := range f.OrderIDs {
			line := []string{id, f.ID, string(f.Mode), string(f.Severity), f.Subject, f.Since.UTC().Format(time.RFC3339)}
			for j := range line {
				line[j] = inert(line[j])
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// inert keeps a spreadsheet from taking a text for a formula: names and ids come from
// outside.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
