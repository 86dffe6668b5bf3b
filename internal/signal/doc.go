// Package signal is the vocabulary of lostorder: what a collector reports about
// the thing that it watches, and what a finding is. It stands in the middle, so
// that collectors, decisions and exports know these words and not each other.
// It uses the standard library only.
package signal
