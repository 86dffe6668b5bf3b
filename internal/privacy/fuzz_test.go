package privacy_test

import (
	"bytes"
	"testing"

	"github.com/lostorder/lostorder/internal/privacy"
)

func FuzzUnseal(f *testing.F) {
	f.Add([]byte("A-1017"))
	f.Add([]byte("lostorder sealed 1\n"))
	f.Add([]byte("lostorder sealed 1\n0123456789abcdef0123456789"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := parse("privacy: {order_ids: hash, salt: 0123456789abcdef}")
		if err != nil {
			t.Fatal(err)
		}
		veil := privacy.FromFile(v)
		_, _ = veil.Unseal(text)
		box, err := veil.Seal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := veil.Unseal(box); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%q becomes %q (%v)", text, got, err)
		}
	})
}
