package collectortest

import (
	"fmt"
	"strings"
	"testing"
)

// OddPasswords have every character that means something in a URL, at every place.
func OddPasswords() (all []string) {
	for _, special := range []string{"@", "/", "?", "#", ":", "%", "%4", "@3/", "@x?k=v", "@x#", "/@", "[", "]", " ", "&", "=", "+", "\\", "é"} {
		for _, form := range []string{"Tr0ub4dor*Zebra7", "*Zebra7Tr0ub4dor", "Tr0ub4dorZebra7*", "1*Zebra7Tr0ub4dor", "Tr0ub4dor*9*Zebra7", "*8*Zebra7Tr0ub4dor"} {
			all = append(all, strings.ReplaceAll(form, "*", special))
		}
	}
	return all
}

// RefusesPasswords checks that a config refuses each address that contains a user with an odd
// password, and repeats no part of it. address is a format with the user and the password as
// its argument; load loads a config with an address.
func RefusesPasswords(t *testing.T, load func(address string) error, addresses ...string) {
	t.Helper()
	for _, address := range addresses {
		for _, password := range OddPasswords() {
			text := fmt.Sprintf(address, "lo:"+password)
			switch err := load(text); {
			case err == nil:
				t.Errorf("%s is accepted", text)
			case strings.Contains(err.Error(), "Zebra7") || strings.Contains(err.Error(), "Tr0ub4dor"):
				t.Errorf("%s: the error repeats the password: %v", text, err)
			}
		}
	}
}
