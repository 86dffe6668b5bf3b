package client

import (
	"cmp"
	"context"
	"errors"
	"net/url"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/config"
)

// oauthKey is the place of the section in the config file, for errors.
const oauthKey = "kafka[].sasl.oauthbearer"

// OAuth is where the token comes from: a token endpoint or a file.
type OAuth struct {
	TokenEndpointURL  string            `yaml:"token_endpoint_url" doc:"The token endpoint of the identity provider, for the grant client_credentials. Kafka calls it sasl.oauthbearer.token.endpoint.url." example:"https://login.example.com/oauth2/token"`
	ClientID          string            `yaml:"client_id" doc:"The client of the token endpoint." example:"lostorder"`
	ClientSecret      config.Secret     `yaml:"client_secret" doc:"The client's secret." example:"${KAFKA_CLIENT_SECRET}"`
	ClientSecretFile  string            `yaml:"client_secret_file" doc:"A file that contains the client's secret, as an alternative. It is read again for each token." example:"/etc/lostorder/client-secret"`
	PrivateKeyFile    string            `yaml:"private_key_file" doc:"PEM file of a private key (RSA, ECDSA or Ed25519) that signs an assertion, as an alternative to the secret (private_key_jwt). It is read again for each token." example:"/etc/lostorder/client-key.pem"`
	KeyID             string            `yaml:"key_id" doc:"The id of the private key, if the identity provider wants one (kid)." example:"2026-01"`
	AssertionAudience string            `yaml:"assertion_audience" doc:"The audience of the assertion. The default is the token endpoint." example:"https://login.example.com"`
	Scope             string            `yaml:"scope" doc:"Scopes to ask for, with spaces between them." example:"kafka"`
	Audience          string            `yaml:"audience" doc:"Audience to ask for, if the identity provider wants the parameter." example:"kafka"`
	CAFile            string            `yaml:"ca_file" doc:"PEM file of the certificate authorities to trust for the token endpoint. The default is the system's." example:"/etc/lostorder/idp-ca.pem"`
	TokenFile         string            `yaml:"token_file" doc:"A file that contains the token, instead of a token endpoint. It is read again each time lostorder authenticates." example:"/var/run/secrets/kafka/token"`
	Extensions        map[string]string `yaml:"extensions" doc:"SASL extensions to send with the token." example:"{logicalCluster: lkc-1}"`
}

// Validate checks that there is one source of tokens and one credential for it.
func (o *OAuth) Validate() error {
	if o.TokenFile != "" {
		return o.validateFile()
	}
	if o.TokenEndpointURL == "" {
		return config.At("token_endpoint_url", "missing; name the token endpoint, or a token_file")
	}
	var errs []error
	// The address may contain a password, so that it is not repeated.
	if u, err := url.Parse(o.TokenEndpointURL); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		errs = append(errs, config.At("token_endpoint_url", "not an http or https address without a user; write for example https://login.example.com/oauth2/token, and the user in client_id"))
	} else if u.Scheme == "http" && !collectors.IsLocal(u.Host) {
		errs = append(errs, config.At("token_endpoint_url", "http would send the client's credentials in clear; use https"))
	}
	if o.ClientID == "" {
		errs = append(errs, config.At("client_id", "missing; write for example client_id: lostorder"))
	}
	given := 0
	for _, set := range []bool{o.ClientSecret != "", o.ClientSecretFile != "", o.PrivateKeyFile != ""} {
		if set {
			given++
		}
	}
	if given != 1 {
		errs = append(errs, config.At("client_secret", "set one of client_secret, client_secret_file and private_key_file"))
	}
	if o.PrivateKeyFile == "" {
		for _, key := range []struct{ name, value string }{{"key_id", o.KeyID}, {"assertion_audience", o.AssertionAudience}} {
			if key.value != "" {
				errs = append(errs, config.At(key.name, "set without private_key_file"))
			}
		}
	}
	return errors.Join(append(errs, o.validateExtensions())...)
}

func (o *OAuth) validateFile() error {
	var errs []error
	for _, key := range []struct{ name, value string }{
		{"token_endpoint_url", o.TokenEndpointURL},
		{"client_id", o.ClientID},
		{"client_secret", o.ClientSecret.Reveal()},
		{"client_secret_file", o.ClientSecretFile},
		{"private_key_file", o.PrivateKeyFile},
		{"scope", o.Scope},
		{"audience", o.Audience},
		{"ca_file", o.CAFile},
	} {
		if key.value != "" {
			errs = append(errs, config.At(key.name, "not used with token_file; remove one of them"))
		}
	}
	return errors.Join(append(errs, o.validateExtensions())...)
}

// validateExtensions refuses the name that the protocol uses for the token itself.
func (o *OAuth) validateExtensions() error {
	if _, reserved := o.Extensions["auth"]; reserved {
		return config.At("extensions", "auth is the name of the token itself; use another")
	}
	return nil
}

// principal is the subject of the token, as far as it is known without asking for one.
func (o *OAuth) principal() string {
	if o.TokenFile == "" {
		return o.ClientID
	}
	text, err := readCredential("token_file", o.TokenFile)
	if err != nil {
		return ""
	}
	return claimsOf(text).Subject
}

// fetch gets a token.
func (o *OAuth) fetch(ctx context.Context) (token, error) {
	if o.TokenFile != "" {
		return o.fromFile()
	}
	return o.fromEndpoint(ctx)
}

func (o *OAuth) assertionAudience() string {
	return cmp.Or(o.AssertionAudience, o.TokenEndpointURL)
}

func (o *OAuth) extensions() map[string]string { return o.Extensions }
