package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/lostorder/lostorder/collectors"
)

// fromEndpoint asks the token endpoint for a token, with a secret or a signed assertion.
func (o *OAuth) fromEndpoint(ctx context.Context) (token, error) {
	request := clientcredentials.Config{
		ClientID: o.ClientID, TokenURL: o.TokenEndpointURL, Scopes: strings.Fields(o.Scope), EndpointParams: url.Values{},
	}
	if o.Audience != "" {
		request.EndpointParams.Set("audience", o.Audience)
	}
	secret, err := o.secret()
	switch {
	case err != nil:
		return token{}, err
	case o.PrivateKeyFile != "":
		request.AuthStyle = oauth2.AuthStyleInParams
		request.EndpointParams.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		request.EndpointParams.Set("client_assertion", secret)
	default:
		request.ClientSecret = secret
	}
	client, err := o.client()
	if err != nil {
		return token{}, err
	}
	defer client.CloseIdleConnections()
	asked := time.Now()
	answer, err := request.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return token{}, o.explain(err, secret)
	}
	got := token{text: answer.AccessToken, issued: asked, expires: answer.Expiry}
	if got.expires.IsZero() {
		got.issued, got.expires = claimsOf(got.text).lifetime(asked)
	}
	if !got.expires.IsZero() && !asked.Before(got.expires) {
		return token{}, fmt.Errorf("the token endpoint returned a token that expired at %s; compare the clocks of this host and of the token endpoint", got.expires.UTC().Format(time.RFC3339))
	}
	return got, nil
}

// secret is what proves who asks: a password or a signed assertion.
func (o *OAuth) secret() (string, error) {
	switch {
	case o.PrivateKeyFile != "":
		return o.assertion(time.Now())
	case o.ClientSecretFile != "":
		return readCredential("client_secret_file", o.ClientSecretFile)
	}
	return o.ClientSecret.Reveal(), nil
}

// client follows no redirects: they would carry the secret to another server.
func (o *OAuth) client() (*http.Client, error) {
	settings, err := (&collectors.TLS{CAFile: o.CAFile}).Client(oauthKey)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// explain says what to do. The answer's text is repeated in part, and never with the secret.
func (o *OAuth) explain(err error, secret string) error {
	var (
		refused *oauth2.RetrieveError
		network net.Error
		request *url.Error
	)
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("the token endpoint refused: %s", advise(refused, secret))
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return timeoutError("no answer of the token endpoint within the timeout; check " + oauthKey + ".token_endpoint_url")
	case errors.As(err, &request):
		return fmt.Errorf("ask the token endpoint for a token: %w; check %s.token_endpoint_url and ca_file", request.Err, oauthKey)
	}
	return errors.New("the token endpoint answered no token; check " + oauthKey + ".token_endpoint_url")
}

// advise puts the status and the error of the answer beside the key to check.
func advise(refused *oauth2.RetrieveError, secret string) string {
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	said := fmt.Sprintf("status %d", status)
	if safe(refused.ErrorCode, secret) {
		said += fmt.Sprintf(" %.50q", refused.ErrorCode)
	}
	if safe(refused.ErrorDescription, secret) {
		said += fmt.Sprintf(" (%.200q)", refused.ErrorDescription)
	}
	switch {
	case refused.ErrorCode == "invalid_scope":
		return said + "; check " + oauthKey + ".scope"
	case refused.ErrorCode == "invalid_client", refused.ErrorCode == "unauthorized_client", status == http.StatusUnauthorized, status == http.StatusForbidden:
		return said + "; check client_id and the client's secret or key in " + oauthKey + ", and the clocks if it signs with a key"
	case status >= 300 && status < 400, status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return said + "; check " + oauthKey + ".token_endpoint_url"
	case status >= 500:
		return said + "; the identity provider has a fault, and lostorder asks again at the next reading"
	}
	return said + "; check scope, audience and client_id in " + oauthKey
}

// safe reports whether a text of the endpoint may be repeated.
func safe(text, secret string) bool {
	return text != "" && (secret == "" || !strings.Contains(text, secret))
}
