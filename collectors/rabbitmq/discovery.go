package rabbitmq

import (
	"errors"
	"fmt"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/discover/draft"
)

// discovery proposes an entry for the address of a management API.
var discovery = collectors.Discovery{
	Flag: "rabbitmq", Placeholder: "URL",
	Help:   "Management API of a RabbitMQ cluster: http://USER:PASSWORD@HOST:15672, where ?password_file=PATH may stand for the password. Repeatable.",
	Entry:  proposeEntry,
	Queues: "queues",
	Pair:   "by its dead letter exchange and the bindings",
}

func proposeEntry(address string, hide func(string) string) (*draft.Entry, error) {
	a, err := collectors.ParseAddress(address)
	switch {
	case err == nil && (a.Scheme == "amqp" || a.Scheme == "amqps"):
		return nil, errors.New("an AMQP address; lostorder reads the management API, for example http://user:password@host:15672")
	case err != nil, a.Scheme != "http" && a.Scheme != "https":
		return nil, errors.New("not the address of a management API; write for example http://user:password@localhost:15672")
	}
	e := &draft.Entry{Name: "rabbitmq"}
	e.Lines = append(e.Lines, draft.Line{Key: "url", Value: a.Scheme + "://" + a.Host + a.Path})
	e.Lines = append(e.Lines, a.Credentials(hide)...)
	if ca := a.Take("ca_file"); ca != "" {
		e.Lines = append(e.Lines, draft.Line{Key: "tls", Value: draft.Map{{Key: "ca_file", Value: ca}}})
	}
	if option := a.Left(); option != "" {
		return nil, fmt.Errorf("the option %q is not one of password_file, ca_file", option)
	}
	return e, nil
}
