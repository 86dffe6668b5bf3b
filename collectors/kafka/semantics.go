package kafka

import "github.com/lostorder/lostorder/internal/signal"

// semantics is how Kafka behaves: a topic is a log that groups read by position.
var semantics = signal.Semantics{Log: true, RemovesSegments: true, NamesDeadLetters: true}
