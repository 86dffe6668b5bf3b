package collectors_test

import (
	"reflect"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
)

func TestScopeOfAnInclude(t *testing.T) {
	everything := collectors.Scope{Prefixes: []string{""}}
	for name, test := range map[string]struct {
		include []string
		want    collectors.Scope
	}{
		"none is everything":                {nil, everything},
		"a name":                            {[]string{"orders"}, collectors.Scope{Names: []string{"orders"}}},
		"a name with a dot, twice":          {[]string{`shop\.orders`, `shop\.orders`}, collectors.Scope{Names: []string{"shop.orders"}}},
		"what begins so":                    {[]string{`orders\..*`, "payments"}, collectors.Scope{Names: []string{"payments"}, Prefixes: []string{"orders."}}},
		"as far as can be told":             {[]string{"shop-(a|b)"}, collectors.Scope{Prefixes: []string{"shop-"}}},
		"either may be anything":            {[]string{"orders|payments"}, everything},
		"upper and lower case are the same": {[]string{"(?i)orders"}, everything},
		"what another one has already":      {[]string{"orders", "orders-new", "ord.*", "orders.*"}, collectors.Scope{Prefixes: []string{"ord"}}},
	} {
		var include []config.Pattern
		for _, text := range test.include {
			p, err := config.NewPattern(text)
			if err != nil {
				t.Fatal(err)
			}
			include = append(include, p)
		}
		got := collectors.ScopeOf(include)
		if len(got.Names) == 0 {
			got.Names = nil
		}
		if len(got.Prefixes) == 0 {
			got.Prefixes = nil
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestWordsForAShell(t *testing.T) {
	for word, want := range map[string]string{
		"orders": "orders", "/": "/", "": "''", "*": "'*'", "my vhost": "'my vhost'", "it's": `'it'\''s'`, "$(rm)": "'$(rm)'", "-x": "-x", "~": "'~'",
	} {
		if got := collectors.Word(word); got != want {
			t.Errorf("%q is written %s, want %s", word, got, want)
		}
	}
}
