package rabbitmq_test

import "testing"

// TestClusterIsIdentifiedByItsName: a broker of another cluster under the same address is
// another target.
func TestClusterIsIdentifiedByItsName(t *testing.T) {
	for overview, want := range map[string]string{
		`{"rabbitmq_version":"4.2.1","cluster_name":"rabbit@shop"}`: "rabbit@shop",
		`{"rabbitmq_version":"4.2.1"}`:                              "",
	} {
		f := serve(t)
		f.set("/api/overview", overview)
		if r, err := read(t, settings(t, f.URL)); err != nil || r.Identity != want {
			t.Errorf("the identity is %q, want %q; err %v", r.Identity, want, err)
		}
	}
}
