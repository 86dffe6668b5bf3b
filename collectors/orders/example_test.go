package orders_test

import (
	"os"
	"reflect"
	"testing"

	"github.com/lostorder/lostorder/collectors/orders"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
)

func TestExampleLoads(t *testing.T) {
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sections := []config.Section{database.Section(), orders.Source().Section}
	f, err := config.Parse("example.yaml", text, ".", sections)
	if err != nil {
		t.Fatal(err)
	}
	targets := orders.Source().Targets(f)
	if len(targets) < 2 {
		t.Errorf("it has %d targets", len(targets))
	}
	for _, target := range targets {
		if target.ID.Collector != "orders" || target.ID.Target == "" || target.Config == nil {
			t.Errorf("a target is %+v", target)
		}
	}
	if err := config.Lint(sections); err != nil {
		t.Error(err)
	}
}

func TestChangedURLRestartsTheTarget(t *testing.T) {
	config := func(url string) any { return load(t, settings(url, "", "", states))[0].Config }
	if !reflect.DeepEqual(config("sqlite:/a.db"), config("sqlite:/a.db")) {
		t.Error("the same config is not deeply equal, so that a reload would restart the target")
	}
	if reflect.DeepEqual(config("sqlite:/a.db"), config("sqlite:/b.db")) {
		t.Error("another URL of the database goes unnoticed")
	}
}
