// Package ownership decides which of several lostorder processes reads a target. Each
// process is a member. A target belongs to one live member by rendezvous hashing, and all
// members find the same one without asking each other. Members are fixed (--shard), or each
// holds a Lease of Kubernetes. docs/adr/0012-targets-are-owned.md says why nothing is read
// twice, and nothing is lost when a target changes its owner.
package ownership
