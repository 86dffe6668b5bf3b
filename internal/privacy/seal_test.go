package privacy_test

import (
	"bytes"
	"testing"

	"github.com/lostorder/lostorder/internal/privacy"
)

func TestSealHidesATextFromThoseWithoutTheSalt(t *testing.T) {
	v, other := veil(t, "privacy: {order_ids: hash, salt: 0123456789abcdef}"), veil(t, "privacy: {order_ids: hash, salt: 0123456789abcdeF}")
	plain := []byte("A-1017")
	box, err := v.Seal(plain)
	if err != nil || bytes.Contains(box, plain) {
		t.Fatalf("%q %v", box, err)
	}
	if got, err := v.Unseal(box); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("unsealed is %q, %v", got, err)
	}
	for name, bad := range map[string]struct {
		v    *privacy.Veil
		text []byte
	}{"with another salt": {other, box}, "without one": {nil, box}, "cut off": {v, box[:22]}, "changed": {v, append(bytes.Clone(box[:len(box)-1]), ^box[len(box)-1])}} {
		if got, err := bad.v.Unseal(bad.text); err == nil {
			t.Errorf("%s it is %q", name, got)
		}
	}
	for _, v := range []*privacy.Veil{nil, v} { // from before ids were hashed
		if got, err := v.Unseal(plain); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("a plain text becomes %q, %v", got, err)
		}
	}
}
