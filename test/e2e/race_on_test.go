//go:build integration && race

package e2e_test

// raced: the program is built with the same flags as the tests.
const raced = true
