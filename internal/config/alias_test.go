package config_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/config"
)

type nest struct {
	Deep [][][][][][][][]string `yaml:"deep" doc:"Lists of lists."`
	A    map[string]string      `yaml:"a" doc:"Names."`
}

// Eight levels, each a list of ten aliases of the level below: a hundred million strings.
func bombOfLists() string {
	row := "[" + strings.Repeat("x,", 9) + "x]"
	for level := range 7 {
		alias := fmt.Sprintf("*l%d", level)
		row = fmt.Sprintf("[&l%d %s%s]", level, row, strings.Repeat(", "+alias, 9))
	}
	return "nest:\n  - deep: " + row + "\n"
}

// Thirty mappings. Each merges the one before it twice.
func bombOfMerges() string {
	var b strings.Builder
	b.WriteString("nest:\n  - a: &m0 {k: v}\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&b, "  - a: &m%d {<<: [*m%d, *m%d]}\n", i, i-1, i-1)
	}
	return b.String()
}

func TestAliasBombsAreRefused(t *testing.T) {
	for name, text := range map[string]string{"lists of lists": bombOfLists(), "merges of merges": bombOfMerges()} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := config.Parse("lostorder.yml", []byte(text), ".", []config.Section{{Key: "nest", Type: reflect.TypeFor[nest]()}})
			if err == nil || !strings.Contains(err.Error(), "the aliases of this file expand to too much") {
				t.Errorf("got %v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestAliasesStandForValues(t *testing.T) {
	const text = `
kafka:
  - {name: one, brokers: &brokers [&host "localhost:9092", *host], every: &every 30s}
  - {name: two, brokers: *brokers, every: *every}
`
	f, err := config.Parse("lostorder.yml", []byte(text), ".", sections)
	if err != nil {
		t.Fatal(err)
	}
	c := config.Items[cluster](f, "kafka")
	if !reflect.DeepEqual(c[0].Brokers, c[1].Brokers) || len(c[1].Brokers) != 2 || c[1].Polling.Every != c[0].Polling.Every {
		t.Errorf("got %+v", c)
	}
}
