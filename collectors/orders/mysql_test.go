//go:build integration

package orders_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// However a value is written, it either counts for the declared state to which the
// database compares it as equal, or is undeclared, and never neither.
func TestRealStatesAreComparedAsTheDatabaseComparesThem(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		for kind, unnamed := range map[string]string{
			"text":     "PLACED|placed ",
			"char(10)": "PLACED",
			"citext":   "placed ",
			"varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci":       "",
			"varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin":              "PLACED",
			"varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci":       "placed ",
			"varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs":       "PLACED|placed ",
			"varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_nopad_ci": "placed ",
		} {
			mysqls, mariadbs := strings.Contains(kind, "_0900_"), strings.Contains(kind, "_nopad_")
			if collated := strings.Contains(kind, "COLLATE"); collated != (s.Kind == "mariadb") || mysqls && !s.MySQL || mariadbs && s.MySQL {
				continue // of another server
			}
			t.Run(kind, func(t *testing.T) {
				if kind == "citext" {
					s.Run(t, "CREATE EXTENSION citext")
				}
				s.Run(t, "DROP TABLE IF EXISTS orders", fmt.Sprintf("CREATE TABLE orders (id INTEGER PRIMARY KEY, state %s, updated_at %s)", kind, s.Time))
				for id, state := range []string{"placed", "PLACED", "placed "} {
					s.Run(t, fmt.Sprintf("INSERT INTO orders VALUES (%d, '%s', %s)", id, state, s.Ago(time.Minute)))
				}
				s.Grant(t, "orders")
				l, state := whole(t, read(t, settings(s.URL, "", "", states)))
				named := 3
				if unnamed != "" {
					named -= len(strings.Split(unnamed, "|"))
				}
				if got := strings.Join(l.UndeclaredStates, "|"); got != unnamed || int(state["placed"].Orders) != named {
					t.Errorf("%d orders are placed, want %d; undeclared are %q, want %q", state["placed"].Orders, named, got, unnamed)
				}
			})
		}
	})
}
