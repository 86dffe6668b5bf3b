package rabbitmq

import (
	"regexp"
	"slices"
	"strings"
)

// ownedQueues are how frameworks and plugins name queues that belong to one process,
// connection or device. Some of them are durable and neither exclusive nor auto-delete.
var ownedQueues = []struct {
	name *regexp.Regexp
	what string
}{
	{regexp.MustCompile(`(^|\.)pidbox$`), "the control queue of a Celery worker"},
	{regexp.MustCompile(`^celeryev(\.|$)`), "the event queue of a Celery monitor"},
	{regexp.MustCompile(`^easynetq\.response\.`), "the reply queue of an EasyNetQ client"},
	{regexp.MustCompile(`_bus_[a-z0-9]{26}$`), "the bus endpoint of a MassTransit process"},
	{regexp.MustCompile(`^mqtt-(subscription-|will-)`), "the subscription of an MQTT client"},
	{regexp.MustCompile(`^stomp-subscription-`), "the subscription of a STOMP client"},
	{regexp.MustCompile(`^aliveness-test$`), "the aliveness test of the broker"},
	{regexp.MustCompile(`^amq\.`), "a name that the broker generated"},
}

// federated reports whether a federation link owns the queue. The link acknowledges or
// waits; it neither rejects nor requeues, so a dead letter queue would stay empty.
func federated(name string) bool { return strings.HasPrefix(name, "federation: ") }

// generated matches names with a part that no person chose: a UUID, or random characters.
var generated = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(^|[^0-9a-z])[0-9a-f]{16,}($|[^0-9a-z])|^spring\.gen-|\.anonymous\.|\.gen-`)

// forReplies reports whether a queue is named as one for the answers to requests.
func forReplies(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("._-:/", r) })
	return slices.ContainsFunc(words, func(word string) bool {
		switch word {
		case "reply", "replies", "response", "responses", "callback":
			return true
		}
		return false
	})
}

// private says why a queue belongs to one process, so that its messages are lost with it;
// empty if it does not. A queue of orders may be exclusive, auto-delete or expire, too:
// that alone is no reason.
func (q *queueDefinition) private() string {
	for _, owned := range ownedQueues {
		if owned.name.MatchString(q.Name) {
			return owned.what
		}
	}
	e := &q.effective
	_, deadLetters := e.lookup("x-dead-letter-exchange", "dead-letter-exchange")
	expires := e.known && e.least("x-expires", "expires").Known()
	var end string
	switch {
	case q.Exclusive:
		end = "it is deleted with its connection"
	case q.AutoDelete:
		end = "it is deleted with its last consumer"
	case expires && e.least("x-message-ttl", "message-ttl").Known() && !deadLetters:
		return "the queue expires, and so do its messages, and nothing keeps them"
	case expires:
		end = "it expires without consumers"
	default:
		return ""
	}
	switch {
	case deadLetters:
		return ""
	case generated.MatchString(q.Name):
		return end + ", and its name is generated"
	case forReplies(q.Name):
		return end + ", and it is named as one for replies"
	}
	return ""
}
