package config_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/config"
)

type guarded struct {
	Name     string          `yaml:"name" doc:"Its name."`
	Password config.Secret   `yaml:"password" doc:"A secret."`
	Count    int             `yaml:"count" max:"10" doc:"A number."`
	Wait     config.Duration `yaml:"wait" min:"1s" doc:"A time."`
	Color    string          `yaml:"color" enum:"red,blue" default:"red" doc:"A choice."`
	Friend   string          `yaml:"friend" ref:"guarded" doc:"Another."`
	List     []int           `yaml:"list" doc:"Numbers."`
}

// Validate repeats what it is given.
func (g *guarded) Validate() error {
	if g.Wait > config.Duration(time.Hour) {
		return fmt.Errorf("%q waits for too long", g.Name)
	}
	return nil
}

func TestNoMessageShowsWhatCameFromTheEnvironmentOrIsASecret(t *testing.T) {
	const long = "PLANTED-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789"
	t.Setenv("PLANTED", "PLANTED-7")
	t.Setenv("PLANTED_LONG", long)
	t.Setenv("PLANTED_NUMBER", "770077")
	for name, text := range map[string]string{
		"a name that is given twice":        "- {name: '${PLANTED}'}\n- {name: '${PLANTED}'}",
		"a choice":                          "- {color: '${PLANTED}'}",
		"a long choice":                     "- {color: '${PLANTED_LONG}'}",
		"a part of a choice":                "- {color: 'a-${PLANTED}-b'}",
		"a number that is none":             "- {count: '${PLANTED}'}",
		"a number that is too large":        "- {count: '${PLANTED_NUMBER}'}",
		"a time":                            "- {wait: '${PLANTED}'}",
		"a reference":                       "- {name: a, friend: '${PLANTED}'}",
		"the list of names":                 "- {name: '${PLANTED}', friend: b}",
		"what Validate says":                "- {name: '${PLANTED}', wait: 2h}",
		"an alias of a secret":              "- {password: &p PLANTED-7, color: *p}",
		"an alias of a secret that follows": "- {color: &p PLANTED-7}\n- {password: *p}",
		"an alias of a long secret":         "- {password: &p " + long + ", color: *p}",
		"an alias of a secret as a number":  "- {password: &p '770077', count: *p}",
		"a secret that is none, and again":  "- {password: &p 770077, count: *p}",
		"an alias of a secret in a list":    "- {password: &p PLANTED-7, list: [*p]}",
		"an alias of a secret for a list":   "- {password: &p PLANTED-7, list: *p}",
	} {
		_, err := config.Parse("test.yml", []byte("guarded:\n"+text+"\n"), ".", []config.Section{{Key: "guarded", Type: reflect.TypeFor[guarded]()}})
		if err == nil {
			t.Errorf("%s: there is no error", name)
		} else if strings.Contains(err.Error(), "PLANTED-") || strings.Contains(err.Error(), "770077") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
