package sqs

import "github.com/lostorder/lostorder/internal/signal"

// semantics is how SQS behaves: it counts receives, retries until the retention period
// ends, and removes what is too old without counting it.
var semantics = signal.Semantics{
	CountsReceipts:        true,
	RetriesUntilRetention: true,
	RetentionShowsInDepth: true,
	NoDeadLettering:       "no redrive policy",
}
