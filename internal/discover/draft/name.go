package draft

import "strconv"

// free returns the name, with a number if it is taken.
func free(name string, taken func(string) bool) string {
	for i, base := 2, name; taken(name); i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	return name
}
