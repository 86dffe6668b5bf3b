package sqs

// ClientOn is what requests are sent with.
var ClientOn = clientOn
