// Package sqs watches the SQS queues of one region and account: their depths and ages,
// whether consumers make progress, and where failed messages go. It only reads
// attributes and metrics. It never receives, sends, moves or deletes a message.
package sqs
