// Package prose checks the English of what lostorder shows and documents: it
// reports words that docs/glossary.md replaces, and sentences that are too long to
// understand at first reading. It is used by tests only.
package prose
