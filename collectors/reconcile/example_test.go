package reconcile_test

import (
	"os"
	"reflect"
	"testing"

	"github.com/lostorder/lostorder/collectors/reconcile"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestExampleLoads(t *testing.T) {
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sections := []config.Section{database.Section(), reconcile.Source().Section}
	f, err := config.Parse("example.yaml", text, ".", sections)
	if err != nil {
		t.Fatal(err)
	}
	targets := reconcile.Source().Targets(f)
	if len(targets) < 4 {
		t.Errorf("it has %d targets", len(targets))
	}
	for _, target := range targets {
		if target.ID.Collector != "reconcile" || target.ID.Target == "" || target.Config == nil {
			t.Errorf("a target is %+v", target)
		}
	}
	if err := config.Lint(sections); err != nil {
		t.Error(err)
	}
}

func TestChangedURLOfEitherSideRestartsTheTarget(t *testing.T) {
	config := func(left, right string) any {
		return load(t, settings(&databasetest.Shop{URL: left}, &databasetest.Shop{URL: right}, "exactly_one"))[0].Config
	}
	if !reflect.DeepEqual(config("sqlite:/a.db", "sqlite:/b.db"), config("sqlite:/a.db", "sqlite:/b.db")) {
		t.Error("the same config is not deeply equal, so that a reload would restart the target")
	}
	for _, other := range [][2]string{{"sqlite:/a.db", "sqlite:/c.db"}, {"sqlite:/c.db", "sqlite:/b.db"}} {
		if reflect.DeepEqual(config("sqlite:/a.db", "sqlite:/b.db"), config(other[0], other[1])) {
			t.Error("another URL of a database goes unnoticed")
		}
	}
}
