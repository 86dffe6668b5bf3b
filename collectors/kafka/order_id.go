package kafka

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lostorder/lostorder/collectors/kafka/records"
)

// The places in which a message may carry its order id.
const (
	orderIDKey    = "key"
	orderIDHeader = "header:"
	orderIDJSON   = "json:$."
)

const (
	// longestID bounds the length of an order id.
	longestID = 256
	// longestValue bounds the values that are read for an order id.
	longestValue = 64 << 10
)

// orderIDPlace is where messages carry their order ids; the zero value is nowhere.
type orderIDPlace struct {
	key    bool
	header string
	path   []string // of names in a JSON value
}

var (
	jsonPath      = regexp.MustCompile(`^[^.\[\]*?@$'" ]+(\.[^.\[\]*?@$'" ]+)*$`)
	errNoIDPlace  = errors.New("write key, header:NAME or json:$.path, where the path has names only: json:$.order.id")
	schemaIDBytes = 5 // before a value that a schema registry knows: zero and the id of the schema
)

// parseOrderID reads the config.
func parseOrderID(text string) (orderIDPlace, error) {
	header, isHeader := strings.CutPrefix(text, orderIDHeader)
	path, isJSON := strings.CutPrefix(text, orderIDJSON)
	switch {
	case text == "":
		return orderIDPlace{}, nil
	case text == orderIDKey:
		return orderIDPlace{key: true}, nil
	case isHeader && header != "":
		return orderIDPlace{header: header}, nil
	case isJSON && jsonPath.MatchString(path):
		return orderIDPlace{path: strings.Split(path, ".")}, nil
	}
	return orderIDPlace{}, errNoIDPlace
}

// known reports whether messages carry order ids.
func (p *orderIDPlace) known() bool { return p.key || p.header != "" || len(p.path) > 0 }

// keep is what has to be kept of a record to find its order id.
func (p *orderIDPlace) keep() (k records.Keep) {
	if p.header != "" {
		k.Headers = []string{p.header}
	}
	if len(p.path) > 0 {
		k.Value = longestValue
	}
	return k
}

// of returns the order id of a record; empty where it has none that can be shown.
func (p *orderIDPlace) of(r *records.Record) string {
	switch {
	case p.key:
		return shownID(r.Key)
	case p.header != "":
		return shownID(r.Headers[0])
	case len(p.path) > 0:
		return shownID(atPath(r.Value, p.path))
	}
	return ""
}

// atPath returns the text or number at a path of a JSON value.
func atPath(value []byte, path []string) []byte {
	if len(value) > schemaIDBytes && value[0] == 0 {
		value = value[schemaIDBytes:]
	}
	for _, name := range path {
		var object map[string]json.RawMessage
		if json.Unmarshal(value, &object) != nil {
			return nil
		}
		value = object[name]
	}
	var text string
	switch value = bytes.TrimSpace(value); {
	case len(value) == 0:
		return nil
	case value[0] == '"':
		if json.Unmarshal(value, &text) != nil {
			return nil
		}
		return []byte(text)
	case value[0] == '-' || value[0] >= '0' && value[0] <= '9':
		return value
	}
	return nil
}

// shownID returns an order id as a text; empty when it is not one that can be shown.
func shownID(id []byte) string {
	if len(id) == 0 || len(id) > longestID || !utf8.Valid(id) || bytes.IndexFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return ""
	}
	return string(id)
}
