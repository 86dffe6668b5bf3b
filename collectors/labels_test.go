package collectors_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
)

// labelled is an entry of a config file with labels.
type labelled struct {
	Name   string            `yaml:"name" doc:"Its name."`
	Labels collectors.Labels `yaml:"labels" doc:"Its labels."`
}

func TestLabelsThatPrometheusOrLostorderCannotKeepAreRefused(t *testing.T) {
	sections := []config.Section{{Key: "things", Doc: "Things.", Type: reflect.TypeFor[labelled]()}}
	for sentence, c := range map[string]struct{ labels, want string }{
		"a team and a tier":                {`{team: payments, tier: "1"}`, ""},
		"a name with a hyphen":             {`{cost-center: "7"}`, `c.yml:3:27: things[0].labels.cost-center: "cost-center" is not the name of a label; use letters, digits and _, and begin with a letter`},
		"a name that begins with a digit":  {`{1team: a}`, `c.yml:3:21: things[0].labels.1team: "1team" is not the name of a label; use letters, digits and _, and begin with a letter`},
		"a name of Prometheus's own":       {`{__team: a}`, "c.yml:3:22: things[0].labels.__team: names that begin with __ belong to Prometheus; choose another name"},
		"the name of one of our labels":    {`{team: a, severity: page}`, "c.yml:3:33: things[0].labels.severity: is a label of lostorder's own metrics; choose another name"},
		"a name that the scrape adds":      {`{instance: a}`, "c.yml:3:24: things[0].labels.instance: belongs to Prometheus; choose another name"},
		"a name that the rules drop":       {`{pod: a}`, "c.yml:3:19: things[0].labels.pod: is dropped or used by the recording rules; choose another name"},
		"a name that the scrape sets":      {`{environment: a}`, "c.yml:3:27: things[0].labels.environment: is set for a whole lostorder, in the scrape config; choose another name"},
		"an empty value":                   {`{team: ""}`, "c.yml:3:20: things[0].labels.team: empty; Prometheus has no label without a value; set it or remove it"},
		"a value with an escape character": {`{team: "a\u001bb"}`, "c.yml:3:20: things[0].labels.team: contains a character that cannot be printed; remove it"},
		"a number that is not in quotes":   {`{tier: 1}`, "c.yml:3:20: things[0].labels.tier: "},
	} {
		_, err := config.Parse("c.yml", []byte("things:\n  - name: a\n    labels: "+c.labels+"\n"), "", sections)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", sentence, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: %v\nwant %s", sentence, err, c.want)
		}
	}
}
