package rabbitmq

import (
	"encoding/json"
	"slices"
)

// usedArguments are the arguments of queues and exchanges that lostorder reads.
var usedArguments = []string{
	"x-dead-letter-exchange", "x-dead-letter-routing-key", "x-dead-letter-strategy", "x-delivery-limit", "x-expires",
	"x-max-length", "x-max-length-bytes", "x-message-ttl", "x-overflow", "alternate-exchange",
}

// arguments are those of a queue or an exchange. A client may add any others, as many as fit
// into a frame, so only those that lostorder uses are kept.
type arguments map[string]any

// UnmarshalJSON keeps the used arguments. It accepts an empty list: the broker writes one
// for an empty object.
func (a *arguments) UnmarshalJSON(text []byte) error {
	if string(text) == "[]" || string(text) == "null" {
		return nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for name, text := range all {
		if !slices.Contains(usedArguments, name) {
			continue
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			return err
		}
		switch value.(type) {
		case string, float64:
			if *a == nil {
				*a = arguments{}
			}
			(*a)[name] = value
		}
	}
	return nil
}
