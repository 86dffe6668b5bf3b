package kafka

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/discover/draft"
)

// discovery proposes an entry for the addresses of brokers.
var discovery = collectors.Discovery{
	Flag: "kafka", Placeholder: "HOST:PORT",
	Help:   "Brokers of a Kafka cluster, with commas; with credentials kafka://USER:PASSWORD@HOST:PORT?mechanism=SCRAM-SHA-512&tls=true, where password_file=PATH may stand for the password. Repeatable.",
	Entry:  proposeEntry,
	Queues: "topics", Groups: true,
	Pair: "by its name",
}

func proposeEntry(address string, hide func(string) string) (*draft.Entry, error) {
	a, err := collectors.ParseAddress(address)
	switch {
	case err != nil, a.Scheme != "" && a.Scheme != "kafka", a.Path != "":
		return nil, errors.New("not the addresses of brokers; write for example localhost:9092 or kafka://user:password@host:9092?mechanism=SCRAM-SHA-512")
	}
	e := &draft.Entry{Name: "kafka"}
	e.Lines = append(e.Lines, draft.Line{Key: "brokers", Value: strings.Split(a.Host, ",")})
	if a.User != "" {
		lines := a.Credentials(hide)
		if mechanism := a.Take("mechanism"); mechanism != "" {
			lines = append([]draft.Line{{Key: "mechanism", Value: mechanism}}, lines...)
		}
		e.Lines = append(e.Lines, draft.Line{Key: "sasl", Lines: lines})
	}
	tls, ca := a.Take("tls"), a.Take("ca_file")
	switch {
	case ca != "":
		e.Lines = append(e.Lines, draft.Line{Key: "tls", Value: draft.Map{{Key: "ca_file", Value: ca}}})
	case tls == "true":
		e.Lines = append(e.Lines, draft.Line{Key: "tls", Value: draft.Map{{Key: "enabled", Value: true}}})
	}
	if option := a.Left(); option != "" {
		return nil, fmt.Errorf("the option %q is not one of mechanism, password_file, tls, ca_file", option)
	}
	e.Lines = append(e.Lines, draft.Line{Key: "order_id", Value: orderIDKey, Optional: true, Note: "findings name orders, if the key of a message is its order id; needs READ"})
	return e, nil
}
