package config_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/config"
)

func TestVariablesAreExpandedInsideValues(t *testing.T) {
	env := map[string]string{"HOST": "kafka", "EMPTY": "", "BRACKETS": "[a, b]: {c", "VAR": "${HOST}", "PRICE": "5$"}
	for name, test := range map[string]struct{ text, want string }{
		"a variable":                              {"${HOST}", "kafka"},
		"a variable inside text":                  {"${HOST}:9092", "kafka:9092"},
		"two variables":                           {"${HOST}-${HOST}", "kafka-kafka"},
		"a default that is not needed":            {"${HOST:-other}", "kafka"},
		"a default":                               {"${NONE:-other}", "other"},
		"a default for an empty variable":         {"${EMPTY:-other}", "other"},
		"an empty default":                        {"x${NONE:-}", "x"},
		"an empty variable":                       {"x${EMPTY}", "x"},
		"a default with a colon and a dash":       {"${NONE:-a:-b}", "a:-b"},
		"a literal":                               {"$${HOST}", "${HOST}"},
		"a literal after a variable":              {"${HOST}$${HOST}", "kafka${HOST}"},
		"a dollar alone":                          {"^orders$", "^orders$"},
		"a value cannot inject structure":         {"${BRACKETS}", "[a, b]: {c"},
		"a value is not expanded again":           {"${VAR}", "${HOST}"},
		"a dollar in a value, before a reference": {"${PRICE}${HOST}", "5$kafka"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := config.ParseWith(`kafka: [{name: "`+test.text+`", brokers: [b]}]`, ".", sections, env)
			if err != nil {
				t.Fatal(err)
			}
			if got := config.Items[cluster](f, "kafka")[0].Name; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestKeysAreNotExpanded(t *testing.T) {
	_, err := config.ParseWith(`${HOST}: []`, ".", sections, map[string]string{"HOST": "kafka"})
	if err == nil {
		t.Error("accepted")
	}
}

func TestTheValueOfAVariableIsNotShown(t *testing.T) {
	for _, value := range []string{"l", "confidential"} {
		_, err := config.ParseWith(`outboxes: [{name: a, database: d, columns: {id: i}, level: "${L}"}]`, ".", sections, map[string]string{"L": value})
		if err == nil || !strings.Contains(err.Error(), `outboxes[0].level: "${L}" is no level; use low or high`) {
			t.Errorf("got %v", err)
		}
	}
}
