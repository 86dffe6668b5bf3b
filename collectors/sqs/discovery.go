package sqs

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/discover/draft"
)

// discovery proposes an entry for a region.
var discovery = collectors.Discovery{
	Flag: "sqs", Placeholder: "REGION",
	Help:   "An AWS region, or the endpoint of a stand-in: http://HOST:PORT?region=REGION. Credentials come from the environment and the AWS files; ?profile= and ?role_arn= choose others. Repeatable.",
	Entry:  proposeEntry,
	Queues: "queues",
	Pair:   "by its redrive policy",
}

func proposeEntry(address string, _ func(string) string) (*draft.Entry, error) {
	a, err := collectors.ParseAddress(address)
	switch {
	case err != nil, a.Path != "", a.Scheme == "" && strings.ContainsAny(a.Host, ":."), a.Scheme != "" && a.Scheme != "http" && a.Scheme != "https":
		return nil, errors.New("not a region; write for example eu-central-1 or http://localhost:4566?region=eu-central-1")
	case a.User != "":
		return nil, errors.New("an endpoint has no user; credentials come from the environment and the AWS files")
	}
	e := &draft.Entry{Name: "sqs"}
	if a.Scheme == "" {
		e.Name = "sqs-" + a.Host
		e.Lines = []draft.Line{{Key: "region", Value: a.Host}}
	} else {
		region := cmp.Or(a.Take("region"), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
		e.Lines = []draft.Line{{Key: "region", Value: region}, {Key: "endpoint", Value: a.Scheme + "://" + a.Host}}
	}
	for _, option := range []string{"profile", "role_arn", "external_id"} {
		if value := a.Take(option); value != "" {
			e.Lines = append(e.Lines, draft.Line{Key: option, Value: value})
		}
	}
	if option := a.Left(); option != "" {
		return nil, fmt.Errorf("the option %q is not one of region, profile, role_arn, external_id", option)
	}
	return e, nil
}
