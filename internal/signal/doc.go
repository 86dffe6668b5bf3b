// Package signal is the vocabulary of lostorder: what a collector reports about its
// target, and what a finding is. Collectors, decisions and exports all know this
// package and not each other. It uses the standard library only.
package signal
