//go:build integration && race

package e2e_test

// raced: the program is built as the tests are.
const raced = true
