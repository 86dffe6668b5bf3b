// Package kubernetes sends single requests to the API server of Kubernetes. A client library
// for the few requests that lostorder needs would add 25 MB to the program.
package kubernetes

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/untrusted"
)

const (
	// largestAnswer bounds an answer in bytes. A node has at most a few hundred pods of about 10 KB.
	largestAnswer = 16 << 20
	// accountDir holds the token and the authority of the API server in each pod.
	accountDir = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// What the API server answers to a change of an object.
var (
	ErrMissing  = errors.New("it does not exist")
	ErrConflict = errors.New("another process has changed it")
)

// API is one API server.
type API struct {
	base      string
	tokenFile string // read for each request, because it is renewed; "": no token
	http      *http.Client
}

// At returns the API server at a checked address, which needs no token, such as that of
// kubectl proxy.
func At(address string) *API {
	return &API{base: address, http: client(&http.Transport{IdleConnTimeout: time.Minute})}
}

// InCluster returns the API server of the cluster in which the process runs, by what
// Kubernetes gives each pod.
func InCluster() (*API, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("this is no pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set; elsewhere, give the address of the API server, for example of kubectl proxy")
	}
	authority, err := os.ReadFile(path.Join(accountDir, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read the authority of the API server: %w; set automountServiceAccountToken: true", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New("read the authority of the API server: it holds no certificate")
	}
	return &API{
		base: "https://" + net.JoinHostPort(host, port), tokenFile: path.Join(accountDir, "token"),
		http: client(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}),
	}, nil
}

// client follows no redirect, because each request carries the token.
func client(transport *http.Transport) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// IsName reports whether a text can be a name in Kubernetes, and in its URLs.
func IsName(text string) bool {
	return text != "" && len(text) <= 63 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && text[0] != '-' && text[len(text)-1] != '-'
}

// Do sends one request and reads the answer. The body and the answer may be nil.
func (a *API) Do(ctx context.Context, method, where string, body, answer any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+where, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if a.tokenFile != "" {
		token, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return fmt.Errorf("read the token of the service account: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusNotFound && method != http.MethodGet && method != http.MethodPost:
		return ErrMissing
	case response.StatusCode == http.StatusConflict:
		return ErrConflict
	case response.StatusCode/100 != 2:
		return fmt.Errorf("the API server answers %s%s", untrusted.Text(response.Status), reasonOf(read))
	case answer == nil:
		return nil
	}
	if err := json.Unmarshal(read, answer); err != nil {
		return errors.New("the API server answers something else than was asked for")
	}
	return nil
}

// reasonOf is what the API server says about an error: which right is missing, for example.
func reasonOf(body []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &status) != nil || status.Message == "" {
		return ""
	}
	return ": " + untrusted.Text(status.Message)
}
