// Package replicas knows what the other replicas read. It asks them through their API, so
// that each replica shows the whole, and remembers their last answers, so that a replica
// that takes over a target restores its findings, also from one that is gone.
package replicas
