package client

import "github.com/IBM/sarama"

// Pick returns the highest version of a request that a Kafka version knows; the
// steps go down and end with a zero version.
func Pick(speaks sarama.KafkaVersion, steps ...Step) int16 {
	for _, s := range steps {
		if speaks.IsAtLeast(s.Since) {
			return s.Version
		}
	}
	return 0
}

// Step is a version of a request and the Kafka version that brought it.
type Step struct {
	Since   sarama.KafkaVersion
	Version int16
}
