// Package explain puts together the trail of one order: what each target of the
// configuration holds of it, in the order of time, what should have come and has not, and
// which places could not be searched. It knows no source. It asks all targets at once,
// waits for each no longer than one of its readings may take, and never takes silence for
// an answer: a target that fails is a gap.
package explain
