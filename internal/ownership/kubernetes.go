package ownership

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/kubernetes"
	"github.com/lostorder/lostorder/internal/untrusted"
)

// The marks of our leases.
const (
	groupLabel    = "lostorder.io/group"
	urlAnnotation = "lostorder.io/url"
	memberKey     = "lostorder.io/member"
	// microTime is how Kubernetes writes the times of a lease.
	microTime = "2006-01-02T15:04:05.000000Z07:00"
)

// Options are where the leases are.
type Options struct {
	Namespace string
	Group     string // members of one group share their targets
	Member    string // the name of this process, unique in the group
	URL       string // the address of this process for the others, "" if unknown
	Duration  time.Duration
	// PodUID is the uid of the pod that is named as the member: Kubernetes removes the lease with
	// it. "": it stays when the process cannot remove it, as when its rights end first.
	PodUID string
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
	if !found || !kubernetes.IsName(namespace) || !kubernetes.IsName(group) {
		return "", "", fmt.Errorf("%q is no namespace and name of a group: write for example shop/lostorder", text)
	}
	return namespace, group, nil
}

// NewLeases returns a member that holds a lease once Run is called. It connects to nothing.
func NewLeases(o Options) (*Leases, error) {
	switch {
	case !kubernetes.IsName(strings.ReplaceAll(o.Member, ".", "-")):
		return nil, fmt.Errorf("%q cannot be the name of a lease: use the name of the pod", o.Member)
	case o.Duration < shortestDuration:
		return nil, fmt.Errorf("a lease of %s is too short: use at least %s", o.Duration, shortestDuration)
	}
	return newLeasesOf(o)
}

func newLeasesOf(o Options) (*Leases, error) {
	k := &leaseStore{group: o.Group, namespace: o.Namespace, podUID: o.PodUID}
	if o.URL != "" {
		address, err := ParseURL(o.URL)
		if err != nil {
			return nil, err
		}
		o.URL = address
	}
	api, err := APIServer(o.API)
	if err != nil {
		return nil, fmt.Errorf("%w; use --shard=i/n where there is no Kubernetes", err)
	}
	k.api = api
	return newLeases(k, o.Member, o.URL, o.Duration, o.Log), nil
}

// APIServer returns the API server at an address, and the one of the cluster in which the
// process runs if the address is empty.
func APIServer(address string) (*kubernetes.API, error) {
	if address == "" {
		return kubernetes.InCluster()
	}
	checked, err := ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("the address of the API server: %w", err)
	}
	return kubernetes.At(checked), nil
}

// leaseStore keeps leases in the API server.
type leaseStore struct {
	namespace, group string
	podUID           string
	api              *kubernetes.API
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
	OwnerReferences []owner           `json:"ownerReferences,omitempty"`
}

// owner is the object with which Kubernetes removes another.
type owner struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
}

type spec struct {
	HolderIdentity       string `json:"holderIdentity,omitempty"` // the session
	LeaseDurationSeconds int    `json:"leaseDurationSeconds,omitempty"`
	RenewTime            string `json:"renewTime,omitempty"`
}

// leaseName is that of the object: the groups of a namespace do not share names.
func (k *leaseStore) leaseName(member string) string { return k.group + "." + member }

func (k *leaseStore) object(l *lease) *object {
	o := &object{
		APIVersion: "coordination.k8s.io/v1", Kind: "Lease",
		Metadata: metadata{
			Name: k.leaseName(l.name), Namespace: k.namespace, ResourceVersion: l.version,
			Labels:      map[string]string{groupLabel: k.group},
			Annotations: map[string]string{memberKey: l.name, urlAnnotation: l.url},
		},
		Spec: spec{HolderIdentity: l.session, LeaseDurationSeconds: max(1, int(l.duration.Seconds())), RenewTime: l.stamp},
	}
	if k.podUID != "" {
		o.Metadata.OwnerReferences = []owner{{APIVersion: "v1", Kind: "Pod", Name: l.name, UID: k.podUID}}
	}
	return o
}

func (k *leaseStore) create(ctx context.Context, l lease) (version string, err error) {
	return k.put(ctx, http.MethodPost, "", &l)
}

func (k *leaseStore) update(ctx context.Context, l lease) (version string, err error) {
	return k.put(ctx, http.MethodPut, "/"+k.leaseName(l.name), &l)
}

func (k *leaseStore) put(ctx context.Context, method, name string, l *lease) (version string, err error) {
	var written object
	err = k.do(ctx, method, name, k.object(l), &written)
	return written.Metadata.ResourceVersion, err
}

func (k *leaseStore) list(ctx context.Context) ([]lease, error) {
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

func (k *leaseStore) remove(ctx context.Context, l lease) error {
	var options any
	if l.version != "" {
		options = map[string]any{"preconditions": map[string]string{"resourceVersion": l.version}}
	}
	err := k.do(ctx, http.MethodDelete, "/"+k.leaseName(l.name), options, nil)
	if errors.Is(err, kubernetes.ErrMissing) || errors.Is(err, kubernetes.ErrConflict) {
		return nil
	}
	return err
}

// do sends one request about the leases of the namespace.
func (k *leaseStore) do(ctx context.Context, method, rest string, body, answer any) error {
	return k.api.Do(ctx, method, "/apis/coordination.k8s.io/v1/namespaces/"+k.namespace+"/leases"+rest, body, answer)
}
