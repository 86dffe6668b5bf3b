package config_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
)

type outer struct {
	Name  string `yaml:"name" doc:"Its name."`
	Inner inner  `yaml:"inner" doc:"What is inside."`
	Size  int    `yaml:"size" min:"1" default:"1" doc:"How large."`
}

type inner struct {
	Word string `yaml:"word" default:"fine" doc:"A word."`
}

func (i inner) Validate() error {
	if i.Word == "bad" {
		return errors.New("holds a bad word")
	}
	return nil
}

func (o *outer) Validate() error {
	if o.Inner.Word != "complain" {
		return nil
	}
	return errors.Join(
		errors.New("about the whole"),
		config.At("inner.word", "about %s", "the word"),
		fmt.Errorf("wrapped: %w", config.At("inner", "about the struct")),
		config.At("size", "about the size"),
		config.At("absent.thing[3]", "about what is not there"),
	)
}

func TestValidateIsPlaced(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"every error of a join, at its field": {
			"things:\n  - name: a\n    size: 2\n    inner:\n      word: complain",
			`lostorder.yml:2:5: things[0]: about the whole
lostorder.yml:2:5: things[0].absent.thing[3]: about what is not there
lostorder.yml:3:11: things[0].size: about the size
lostorder.yml:5:7: things[0].inner: wrapped: inner: about the struct
lostorder.yml:5:13: things[0].inner.word: about the word`,
		},
		"the inner struct": {
			"things:\n  - name: a\n    inner: {word: bad}",
			`lostorder.yml:3:12: things[0].inner: holds a bad word`,
		},
		"a field that has a problem already is left alone": {
			"things:\n  - {name: a, size: 0, inner: {word: complain}, more: x}",
			`lostorder.yml:2:5: things[0]: about the whole
lostorder.yml:2:5: things[0].absent.thing[3]: about what is not there
lostorder.yml:2:21: things[0].size: 0 is too small; the minimum is 1
lostorder.yml:2:31: things[0].inner: wrapped: inner: about the struct
lostorder.yml:2:38: things[0].inner.word: about the word
lostorder.yml:2:49: things[0].more: unknown key; allowed here: name, inner, size`,
		},
		"a struct with a value that could not be read is not asked": {
			"things:\n  - {name: a, size: x, inner: {word: complain}}",
			`lostorder.yml:2:21: things[0].size: the string "x" is given where a whole number is expected, for example 1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("lostorder.yml", []byte(test.text), ".", []config.Section{{Key: "things", Type: reflect.TypeFor[outer]()}})
			if err == nil || err.Error() != test.want {
				t.Errorf("got:\n%v\nwant:\n%s", err, test.want)
			}
		})
	}
}

type Base struct {
	Word string `yaml:"word" doc:"A word."`
}

func (b Base) Validate() error {
	if b.Word == "bad" {
		return config.At("word", "a bad word")
	}
	return nil
}

// derived has the Validate of Base by embedding it, and must not say things twice.
type derived struct {
	Base `inline:"true"`
	Name string `yaml:"name" doc:"Its name."`
}

func TestValidateOfAnInlineStructSpeaksOnce(t *testing.T) {
	_, err := config.Parse("lostorder.yml", []byte("things: [{name: a, word: bad}]"), ".", []config.Section{{Key: "things", Type: reflect.TypeFor[derived]()}})
	if want := "lostorder.yml:1:26: things[0].word: a bad word"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAFileOfMistakesGivesAReportThatEnds(t *testing.T) {
	_, err := config.Parse("lostorder.yml", []byte("kafka:\n"+strings.Repeat("  - {name: 1}\n", 5000)), ".", sections)
	var problems config.Errors
	if !errors.As(err, &problems) || len(problems) > 1001 || problems[len(problems)-1].Msg != "more problems follow; these are the first 1000" {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
}

func TestAtWithoutALoader(t *testing.T) {
	cause := errors.New("cause")
	err := config.At("columns.id", "wrong: %w", cause)
	if !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "columns.id: wrong") {
		t.Errorf("got %v", err)
	}
}
