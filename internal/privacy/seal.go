package privacy

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
)

// sealed begins a text that is encrypted.
const sealed = "lostorder sealed 1\n"

// Seal encrypts what has to name orders and is kept on disk, where order ids are hashed;
// elsewhere it returns the text. The key comes from the salt.
func (v *Veil) Seal(text []byte) ([]byte, error) {
	if v == nil {
		return text, nil
	}
	box, err := v.box()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return box.Seal(append([]byte(sealed), nonce...), nonce, text, []byte(sealed)), nil
}

// Unseal returns what Seal was given. A text that is not encrypted stays as it is: it was
// written before order ids were hashed.
func (v *Veil) Unseal(text []byte) ([]byte, error) {
	rest, encrypted := bytes.CutPrefix(text, []byte(sealed))
	switch {
	case !encrypted:
		return text, nil
	case v == nil:
		return nil, errors.New("it is encrypted with the salt of privacy, and privacy does not hash order ids")
	}
	box, err := v.box()
	if err != nil {
		return nil, err
	}
	if len(rest) < box.NonceSize() {
		return nil, errors.New("it is cut off")
	}
	plain, err := box.Open(nil, rest[:box.NonceSize()], rest[box.NonceSize():], []byte(sealed))
	if err != nil {
		return nil, errors.New("it is damaged, or encrypted with another salt")
	}
	return plain, nil
}

func (v *Veil) box() (cipher.AEAD, error) {
	key := hmac.New(sha256.New, v.salt)
	_, _ = key.Write([]byte("lostorder state file")) // a hash never fails to write
	block, err := aes.NewCipher(key.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
