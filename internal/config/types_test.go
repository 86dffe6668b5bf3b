package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/lostorder/lostorder/internal/config"
)

func TestSecretIsNeverShown(t *testing.T) {
	const value = "hunter2"
	s := config.Secret(value)
	type holder struct {
		Password config.Secret
		Pointer  *config.Secret
	}
	h := holder{s, &s}
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
		shown[verb] = fmt.Sprintf(verb, s)
		if verb != "%d" && verb != "%x" && verb != "%X" { // which show the address of a pointer
			shown[verb+" in a struct"] = fmt.Sprintf(verb, h)
		}
	}
	j, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(j)
	y, err := yaml.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	shown["YAML"] = string(y)
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "secret", s, "holder", h)
	}
	shown["slog"] = log.String()
	for how, text := range shown {
		if strings.Contains(text, value) || strings.Contains(text, "68756e74657232") || !strings.Contains(text, "<secret>") && !strings.Contains(text, `\u003csecret\u003e`) {
			t.Errorf("%s shows %s", how, text)
		}
	}
	if s.Reveal() != value {
		t.Error("Reveal does not reveal")
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"15s": 15 * time.Second, "1m30s": 90 * time.Second, "7d": 7 * 24 * time.Hour, "250ms": 250 * time.Millisecond, "0": 0,
	} {
		d, err := config.ParseDuration(text)
		if err != nil || time.Duration(d) != want {
			t.Errorf("%s is %v, %v", text, time.Duration(d), err)
		}
		var back config.Duration
		if err := back.UnmarshalText([]byte(d.String())); err != nil || back != d {
			t.Errorf("%s comes back as %s, %v", text, back, err)
		}
	}
	for _, text := range []string{"", "15", "-5s", "1.5h", "5 minutes", "1s1m"} {
		if d, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is accepted as %s", text, d)
		}
	}
}

func TestPatternMatchesTheWholeName(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"orders", "orders", true},
		{"orders", "orders.eu", false},
		{"orders|payments", "payments2", false},
		{`orders\..*`, "orders.eu", true},
		{"a.b", "a\nb", true},
	} {
		if got := config.MustPattern(test.pattern).MatchString(test.name); got != test.want {
			t.Errorf("%s matches %q: %v", test.pattern, test.name, got)
		}
	}
	if (config.Pattern{}).MatchString("") {
		t.Error("the zero pattern matches")
	}
	for _, bad := range []string{"(", "a)(b", "*", "(?=x)"} {
		if _, err := config.NewPattern(bad); err == nil {
			t.Errorf("%s compiles", bad)
		}
	}
}

func TestMatcher(t *testing.T) {
	patterns := func(texts ...string) (list []config.Pattern) {
		for _, text := range texts {
			list = append(list, config.MustPattern(text))
		}
		return list
	}
	for name, test := range map[string]struct {
		m    config.Matcher
		in   string
		want bool
	}{
		"no include is everything":      {config.Matcher{}, "x", true},
		"a name that is included":       {config.Matcher{Include: patterns("a", "b")}, "b", true},
		"a name that is not included":   {config.Matcher{Include: patterns("a", "b")}, "c", false},
		"an exclude wins":               {config.Matcher{Include: patterns(".*"), Exclude: patterns("a")}, "a", false},
		"an exclude without an include": {config.Matcher{Exclude: patterns("a")}, "b", true},
	} {
		if got := test.m.Match(test.in); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestADurationMustNotBeNegative(t *testing.T) {
	for text, want := range map[string]string{"-1m": `"-1m" is negative, which a duration must not be`, "-soon": `"-soon" is not a duration`, "1 minute": "is not a duration"} {
		if _, err := config.ParseDuration(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
