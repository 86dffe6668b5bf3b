package client

// Sign is for tests.
var Sign = (*MSK).sign
