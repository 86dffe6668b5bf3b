package client

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"
)

// largestCredential bounds a file that holds a token, a secret or a key.
const largestCredential = 1 << 20

// fromFile reads the token. It is not kept, because the file may be renewed at any time.
func (o *OAuth) fromFile() (token, error) {
	text, err := readCredential("token_file", o.TokenFile)
	if err != nil {
		return token{}, err
	}
	now := time.Now()
	if _, expires := claimsOf(text).lifetime(now); !expires.IsZero() && !now.Before(expires) {
		return token{}, fmt.Errorf("the token in %s.token_file expired at %s, %s ago; renew %s, and compare the clocks",
			oauthKey, expires.UTC().Format(time.RFC3339), now.Sub(expires).Round(time.Second), o.TokenFile)
	}
	return token{text: text}, nil
}

// readCredential reads a small file. The key of the config file names it in errors.
func readCredential(key, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read %s.%s: %w", oauthKey, key, err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, largestCredential+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read %s.%s: %w", oauthKey, key, err)
	case len(text) > largestCredential:
		return "", fmt.Errorf("read %s.%s: %s is larger than 1 MiB; name another file", oauthKey, key, path)
	}
	trimmed := string(bytes.TrimSpace(text))
	if trimmed == "" {
		return "", fmt.Errorf("read %s.%s: %s is empty", oauthKey, key, path)
	}
	return trimmed, nil
}
