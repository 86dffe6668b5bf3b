package database_test

import (
	"testing"

	"github.com/lostorder/lostorder/internal/database"
)

func TestNoTwoKeysHaveOneID(t *testing.T) {
	if (database.Key{"a/b", "c"}).ID() == (database.Key{"a", "b/c"}).ID() {
		t.Error("keys of two columns are mixed up")
	}
}
