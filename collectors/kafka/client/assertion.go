package client

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// assertionLife is how long an assertion may be used. It is used at once; the rest is for
// clocks that differ.
const assertionLife = 5 * time.Minute

// assertion is a statement, signed with the private key, that it is this client who asks for
// a token (RFC 7523).
func (o *OAuth) assertion(now time.Time) (string, error) {
	text, err := readCredential("private_key_file", o.PrivateKeyFile)
	if err != nil {
		return "", err
	}
	key, err := parseKey([]byte(text))
	if err != nil {
		return "", fmt.Errorf("read %s.private_key_file: %w", oauthKey, err)
	}
	method, err := methodOf(key)
	if err != nil {
		return "", fmt.Errorf("read %s.private_key_file: %w", oauthKey, err)
	}
	assertion := jwt.NewWithClaims(method, jwt.RegisteredClaims{
		Issuer: o.ClientID, Subject: o.ClientID, Audience: jwt.ClaimStrings{o.assertionAudience()}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(assertionLife)),
	})
	if o.KeyID != "" {
		assertion.Header["kid"] = o.KeyID
	}
	signed, err := assertion.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign with %s.private_key_file: %w", oauthKey, err)
	}
	return signed, nil
}

// parseKey reads the forms in which private keys come. Its errors repeat nothing of the key.
func parseKey(text []byte) (crypto.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block in it")
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, errors.New("no private key without a passphrase in it")
}

// methodOf is how a key signs.
func methodOf(key crypto.PrivateKey) (jwt.SigningMethod, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return jwt.SigningMethodRS256, nil
	case ed25519.PrivateKey:
		return jwt.SigningMethodEdDSA, nil
	case *ecdsa.PrivateKey:
		for _, method := range []*jwt.SigningMethodECDSA{jwt.SigningMethodES256, jwt.SigningMethodES384, jwt.SigningMethodES512} {
			if method.CurveBits == key.Curve.Params().BitSize {
				return method, nil
			}
		}
	}
	return nil, errors.New("the key is none of RSA, ECDSA and Ed25519")
}
