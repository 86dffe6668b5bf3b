package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/config"
)

func TestSampleSectionsAreClean(t *testing.T) {
	if err := config.Lint(sections); err != nil {
		t.Error(err)
	}
}

func TestLintFindsMistakesInTypes(t *testing.T) {
	type broken struct {
		Plain   string          `yaml:"plain"`
		NoKey   string          `doc:"No key."`
		Default config.Duration `yaml:"default" doc:"A default." default:"5"`
		Enum    string          `yaml:"enum" doc:"An enum." enum:"a,b" default:"c"`
		Bound   string          `yaml:"bound" doc:"A bound." min:"1"`
		Number  int             `yaml:"number" doc:"A bound that is none." max:"many"`
		File    string          `yaml:"file" doc:"A file." file:"true"`
		Ref     string          `yaml:"ref" doc:"A ref." ref:"nowhere"`
		Channel chan int        `yaml:"channel" doc:"A channel."`
		Time    time.Duration   `yaml:"time" doc:"A time."`
		Twice   string          `yaml:"plain" doc:"Twice."`
	}
	err := config.Lint([]config.Section{{Key: "x", Doc: "X.", Type: reflect.TypeFor[broken]()}})
	if err == nil {
		t.Fatal("no mistake found")
	}
	for _, want := range []string{
		"x.plain: has no doc", "x: NoKey has no yaml tag", "x.default: the default", "x.enum: the default", "x.bound: the tags min and max",
		"x.number: the bound", "x.file: the tag file", "x.ref: refers to the section nowhere", "x.channel: a config file cannot hold chan int",
		"x.time: a time.Duration would be read in nanoseconds",
		"x: the key plain appears twice",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}
