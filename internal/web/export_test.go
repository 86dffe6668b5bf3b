package web

import "slices"

// Endpoints returns the patterns of the API.
func Endpoints(o Options) (all []string) {
	for pattern := range (&server{o}).api() {
		all = append(all, pattern)
	}
	slices.Sort(all)
	return all
}
