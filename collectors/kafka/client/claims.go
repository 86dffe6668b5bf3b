package client

import (
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokenClaims are those parts of a token that tell who it is for, and until when. They are
// read without a check of the signature, which is the broker's task.
type tokenClaims struct {
	jwt.RegisteredClaims
	Scope any `json:"scope"`
}

// claimsOf reads the claims of a token; none if it is not a JWT.
func claimsOf(text string) (claims tokenClaims) {
	if _, _, err := jwt.NewParser().ParseUnverified(text, &claims); err != nil {
		return tokenClaims{}
	}
	return claims
}

// String lists what a broker checks.
func (c tokenClaims) String() string {
	var parts []string
	add := func(name string, value any) {
		if text := fmt.Sprint(value); value != nil && text != "" && text != "[]" {
			parts = append(parts, fmt.Sprintf("%s %.100q", name, text))
		}
	}
	add("issuer", c.Issuer)
	add("audience", strings.Join(c.Audience, " "))
	add("subject", c.Subject)
	add("scope", c.Scope)
	if c.ExpiresAt != nil {
		add("expires", c.ExpiresAt.UTC().Format(time.RFC3339))
	}
	if len(parts) == 0 {
		return " (it is not a JWT)"
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// lifetime is when a token was issued and when it expires, if it says so.
func (c tokenClaims) lifetime(now time.Time) (issued, expires time.Time) {
	if c.ExpiresAt == nil {
		return now, time.Time{}
	}
	if c.IssuedAt == nil || c.IssuedAt.After(now) {
		return now, c.ExpiresAt.Time
	}
	return c.IssuedAt.Time, c.ExpiresAt.Time
}
