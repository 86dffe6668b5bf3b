//go:build integration

package reconcile_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestMySQLIsComparedInAllKindsOfKeys, as MariaDB is: its md5() comes with a component, and its
// collation sees no accents, and blanks at the end.
func TestMySQLIsComparedInAllKindsOfKeys(t *testing.T) {
	for _, k := range keyKinds {
		t.Run(k.name, func(t *testing.T) {
			databasetest.EachPairOfMySQL(t, func(t *testing.T, l, r *databasetest.Shop) {
				leftColumns := k.table(t, l, "orders", k.left, true)
				rightColumns := k.table(t, r, "payments", k.right, false)
				var lefts, rights []int
				for i := 1; i <= 300; i++ {
					if i != 70 && i != 299 {
						lefts = append(lefts, i)
					}
					if i != 3 && i != 80 && i != 81 {
						rights = append(rights, i)
					}
				}
				k.add(t, l, "orders", k.left, lefts...)
				k.add(t, r, "payments", k.right, append(rights, 5, 120, 120)...)
				w := watch(t, sides(l, r, leftColumns, rightColumns, "exactly_one"))
				expect(t, w.checked(), map[signal.MismatchKind][]string{
					signal.MissingRight: {k.id(3), k.id(80), k.id(81)},
					signal.MissingLeft:  {k.id(70), k.id(299)},
					signal.Duplicate:    {k.id(5), k.id(120)},
				})
			})
		})
	}
}
