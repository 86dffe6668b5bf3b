package ownership

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/untrusted"
)

// The marks of our leases.
const (
	groupLabel    = "lostorder.io/group"
	urlAnnotation = "lostorder.io/url"
	memberKey     = "lostorder.io/member"
	// microTime is how Kubernetes writes the times of a lease.
	microTime = "2006-01-02T15:04:05.000000Z07:00"
	// largestAnswer bounds the list of leases.
	largestAnswer = 4 << 20
	// accountDir holds the token and the authority of the API server in each pod.
	accountDir = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// Options are where the leases are.
type Options struct {
	Namespace string
	Group     string // members of one group share their targets
	Member    string // the name of this process, unique in the group
	URL       string // the address of this process for the others, "" if unknown
	Duration  time.Duration
	// API is the address of the API server, "" for that of the cluster in which the process
	// runs.
	API string
	Log *slog.Logger
}

// shortestDuration keeps a few members from loading the API server.
const shortestDuration = 3 * time.Second

// ParseGroup parses NAMESPACE/GROUP.
func ParseGroup(text string) (namespace, group string, err error) {
	namespace, group, found := strings.Cut(text, "/")
	if !found || !isName(namespace) || !isName(group) {
		return "", "", fmt.Errorf("%q is no namespace and name of a group: write for example shop/lostorder", text)
	}
	return namespace, group, nil
}

// isName reports whether a text can be a name in Kubernetes, and in its URLs.
func isName(text string) bool {
	return text != "" && len(text) <= 63 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && text[0] != '-' && text[len(text)-1] != '-'
}

// NewLeases returns a member that holds a lease once Run is called. It connects to nothing.
func NewLeases(o Options) (*Leases, error) {
	switch {
	case !isName(strings.ReplaceAll(o.Member, ".", "-")):
		return nil, fmt.Errorf("%q cannot be the name of a lease: use the name of the pod", o.Member)
	case o.Duration < shortestDuration:
		return nil, fmt.Errorf("a lease of %s is too short: use at least %s", o.Duration, shortestDuration)
	}
	return newLeasesOf(o)
}

func newLeasesOf(o Options) (*Leases, error) {
	k := &kubernetes{group: o.Group, namespace: o.Namespace, http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if o.URL != "" {
		address, err := ParseURL(o.URL)
		if err != nil {
			return nil, err
		}
		o.URL = address
	}
	if o.API != "" {
		address, err := ParseURL(o.API)
		if err != nil {
			return nil, fmt.Errorf("the address of the API server: %w", err)
		}
		k.base = address
		k.http.Transport = &http.Transport{IdleConnTimeout: time.Minute}
	} else if err := k.inCluster(); err != nil {
		return nil, err
	}
	return newLeases(k, o.Member, o.URL, o.Duration, o.Log), nil
}

// kubernetes keeps leases in the API server. Four requests are all that is needed of it; a
// client library for them would add 25 MB to the program.
type kubernetes struct {
	base             string
	namespace, group string
	tokenFile        string // read for each request, because it is renewed; "": no token
	http             *http.Client
}

// inCluster uses what Kubernetes gives each pod.
func (k *kubernetes) inCluster() error {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return errors.New("this is no pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set; use --shard=i/n instead")
	}
	authority, err := os.ReadFile(path.Join(accountDir, "ca.crt"))
	if err != nil {
		return fmt.Errorf("read the authority of the API server: %w; set automountServiceAccountToken: true", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return errors.New("read the authority of the API server: it holds no certificate")
	}
	k.base, k.tokenFile = "https://"+net.JoinHostPort(host, port), path.Join(accountDir, "token")
	k.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
	return nil
}

// object is a Lease as the API server has it.
type object struct {
	APIVersion string   `json:"apiVersion,omitempty"`
	Kind       string   `json:"kind,omitempty"`
	Metadata   metadata `json:"metadata"`
	Spec       spec     `json:"spec"`
}

type metadata struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
}

type spec struct {
	HolderIdentity       string `json:"holderIdentity,omitempty"` // the session
	LeaseDurationSeconds int    `json:"leaseDurationSeconds,omitempty"`
	RenewTime            string `json:"renewTime,omitempty"`
}

// leaseName is that of the object: the groups of a namespace do not share names.
func (k *kubernetes) leaseName(member string) string { return k.group + "." + member }

func (k *kubernetes) object(l *lease) *object {
	o := &object{
		APIVersion: "coordination.k8s.io/v1", Kind: "Lease",
		Metadata: metadata{
			Name: k.leaseName(l.name), Namespace: k.namespace, ResourceVersion: l.version,
			Labels:      map[string]string{groupLabel: k.group},
			Annotations: map[string]string{memberKey: l.name, urlAnnotation: l.url},
		},
		Spec: spec{HolderIdentity: l.session, LeaseDurationSeconds: max(1, int(l.duration.Seconds())), RenewTime: l.stamp},
	}
	return o
}

func (k *kubernetes) create(ctx context.Context, l lease) (version string, err error) {
	return k.put(ctx, http.MethodPost, "", &l)
}

func (k *kubernetes) update(ctx context.Context, l lease) (version string, err error) {
	return k.put(ctx, http.MethodPut, "/"+k.leaseName(l.name), &l)
}

func (k *kubernetes) put(ctx context.Context, method, name string, l *lease) (version string, err error) {
	var written object
	err = k.do(ctx, method, name, k.object(l), &written)
	return written.Metadata.ResourceVersion, err
}

func (k *kubernetes) list(ctx context.Context) ([]lease, error) {
	var answer struct {
		Items []object `json:"items"`
	}
	if err := k.do(ctx, http.MethodGet, "?labelSelector="+url.QueryEscape(groupLabel+"="+k.group), nil, &answer); err != nil {
		return nil, err
	}
	leases := make([]lease, 0, len(answer.Items))
	for i := range answer.Items {
		o := &answer.Items[i]
		l := lease{
			name: untrusted.Text(o.Metadata.Annotations[memberKey]), duration: time.Duration(o.Spec.LeaseDurationSeconds) * time.Second,
			session: o.Spec.HolderIdentity, stamp: o.Spec.RenewTime, version: o.Metadata.ResourceVersion,
		}
		if k.leaseName(l.name) != o.Metadata.Name {
			continue // not one of ours
		}
		if address, err := ParseURL(o.Metadata.Annotations[urlAnnotation]); err == nil {
			l.url = address
		}
		leases = append(leases, l)
	}
	return leases, nil
}

func (k *kubernetes) remove(ctx context.Context, l lease) error {
	var options any
	if l.version != "" {
		options = map[string]any{"preconditions": map[string]string{"resourceVersion": l.version}}
	}
	err := k.do(ctx, http.MethodDelete, "/"+k.leaseName(l.name), options, nil)
	if errors.Is(err, errMissing) || errors.Is(err, errConflict) {
		return nil
	}
	return err
}

// do sends one request and reads the answer.
func (k *kubernetes) do(ctx context.Context, method, rest string, body, answer any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, k.base+"/apis/coordination.k8s.io/v1/namespaces/"+k.namespace+"/leases"+rest, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if k.tokenFile != "" {
		token, err := os.ReadFile(k.tokenFile)
		if err != nil {
			return fmt.Errorf("read the token of the service account: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	response, err := k.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusNotFound && method != http.MethodGet && method != http.MethodPost:
		return errMissing
	case response.StatusCode == http.StatusConflict:
		return errConflict
	case response.StatusCode/100 != 2:
		return fmt.Errorf("the API server answers %s%s", untrusted.Text(response.Status), reasonOf(read))
	case answer == nil:
		return nil
	}
	if err := json.Unmarshal(read, answer); err != nil {
		return errors.New("the API server answers something else than leases")
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
