package database

import (
	"fmt"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Exposed lists the databases whose password may cross a network without encryption, and
// what to set.
func Exposed(f *config.File) (all []string) {
	for _, c := range config.Items[Config](f, sectionKey) {
		d, err := dialectOf(c)
		if err != nil {
			continue // Validate says so
		}
		if d, ok := d.(dialect.Exposer); ok {
			if what := d.Exposed(); what != "" {
				all = append(all, fmt.Sprintf("the password of database %s may cross the network without TLS; %s", c.Name, what))
			}
		}
	}
	return all
}
