package kafka

import (
	"context"

	"github.com/lostorder/lostorder/collectors"
)

// Advise says which rights are needed, of a cluster that asks who we are.
func (r *reader) Advise(context.Context) []collectors.Advice {
	if r.config.SASL == nil {
		return nil
	}
	grant := "kafka-acls.sh --bootstrap-server " + r.config.Brokers[0] + " --add --allow-principal User:" + r.config.SASL.Username + " --operation "
	return []collectors.Advice{
		{Kind: collectors.Grant, Text: "to see topics, groups and offsets, and nothing else", Paste: grant + "Describe --topic '*' --group '*'"},
		{Kind: collectors.Grant, Text: "to see how long topics keep messages, so that it is told before they are removed", Paste: grant + "DescribeConfigs --topic '*'"},
		{Kind: collectors.Grant, Text: "optional: to look at the heads of topics, for the age and the order of what waits", Paste: grant + "Read --topic '*'"},
	}
}
