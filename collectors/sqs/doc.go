// Package sqs watches the SQS queues of one region and account: what waits in
// them, since when, whether it is taken out, and what becomes of messages that
// fail. It only reads attributes and metrics. It never receives, sends, moves or
// deletes a message.
package sqs
