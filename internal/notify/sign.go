package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks (https://www.standardwebhooks.com), as Go writes them.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// secretPrefix begins a secret in base64.
const secretPrefix = "whsec_"

// shortestSecret is the least a secret may have: a shorter one can be guessed.
const shortestSecret = 16

// signingKey returns the key that a secret of the config is.
func signingKey(secret string) ([]byte, error) {
	key := []byte(secret)
	if encoded, ok := strings.CutPrefix(secret, secretPrefix); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return nil, fmt.Errorf("what follows %s is not base64", secretPrefix)
		}
	}
	if len(key) < shortestSecret {
		return nil, fmt.Errorf("shorter than %d bytes, so it can be guessed; use the output of: openssl rand -hex 32", shortestSecret)
	}
	return key, nil
}

// sign returns the signature of a request.
func sign(key []byte, id string, at time.Time, body []byte) (string, error) {
	if len(key) == 0 {
		return "", errors.New("no key")
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.", id, unix(at)) // a hash never fails to write
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
