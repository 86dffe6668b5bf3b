// Package pods finds the pods of one node that ask to be watched, and makes a config of them.
//
// The pod chooses one of the snippets of the operator of lostorder, by an annotation. It cannot
// bring a config of its own: a snippet may contain credentials, and a pod that could name the
// server would have them sent to it.
package pods

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/kubernetes"
	"github.com/lostorder/lostorder/internal/untrusted"
)

// The annotations of a pod.
const (
	// SnippetAnnotation names the snippet that describes the pod.
	SnippetAnnotation = "lostorder.io/config"
	// PortAnnotation is the port that the snippet's ${POD_PORT} stands for.
	PortAnnotation = "lostorder.io/port"
)

const (
	// every is between two requests for the pods of the node. The API server answers them from its cache.
	every = 10 * time.Second
	// answerWithin is how long the API server may take.
	answerWithin = 5 * time.Second
	// largestSnippet is the size of a snippet in bytes beyond which it is none.
	largestSnippet = 1 << 20
)

// Options say which pods are found.
type Options struct {
	API        *kubernetes.API
	Node       string   // the pods of this node
	Namespaces []string // the pods of these namespaces only
	Snippets   string   // the folder of the snippets: NAME.yml
	Log        *slog.Logger
}

// Watcher knows the pods of a node that ask to be watched.
type Watcher struct {
	Options

	mu      sync.Mutex
	pods    []pod
	parts   []part            // of the config, one for each pod
	refused map[string]string // why a pod is not watched; for the log
	silent  bool              // the API server did not answer
}

// part is the snippet of a pod with its address in it, or why there is none.
type part struct{ pod, name, text, problem string }

// New returns a watcher that has not asked yet.
func New(o Options) (*Watcher, error) {
	if !kubernetes.IsName(strings.ReplaceAll(o.Node, ".", "-")) {
		return nil, fmt.Errorf("%q is no name of a node: use $(NODE_NAME), from the field spec.nodeName", o.Node)
	}
	if len(o.Namespaces) == 0 {
		return nil, errors.New("no namespace is named; name those whose pods may be given the credentials of the snippets")
	}
	for _, namespace := range o.Namespaces {
		if !kubernetes.IsName(namespace) {
			return nil, fmt.Errorf("%q is no name of a namespace", namespace)
		}
	}
	if info, err := os.Stat(o.Snippets); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder of snippets; mount one that has a file for each kind of pod, such as rabbitmq.yml", o.Snippets)
	}
	return &Watcher{Options: o, refused: map[string]string{}}, nil
}

// pod is one that asks to be watched.
type pod struct{ namespace, name, ip, snippet, port string }

func (p *pod) String() string { return p.namespace + "/" + p.name }

// Run asks again and again until ctx ends, and calls changed when the pods or their snippets are
// not the same as before.
func (w *Watcher) Run(ctx context.Context, changed func()) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if w.Refresh(ctx) {
				changed()
			}
		}
	}
}

// Refresh asks for the pods once, reads their snippets, and reports whether anything has changed.
// If the API server does not answer, the pods stay as they are.
func (w *Watcher) Refresh(ctx context.Context) (changed bool) {
	found, err := w.list(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil && w.silent:
		w.Log.Info("the pods of this node can be listed again", "node", w.Node)
	case err != nil && !w.silent && ctx.Err() == nil:
		w.Log.Warn("the pods of this node cannot be listed; those known so far are still watched", "node", w.Node, "err", err)
	}
	w.silent = err != nil
	if err == nil {
		w.pods = found
	}
	parts := make([]part, len(w.pods))
	for i := range w.pods {
		p := &w.pods[i]
		text, err := w.text(p)
		parts[i] = part{pod: p.String(), name: text.Name, text: string(text.Text)}
		if err != nil {
			parts[i].problem = err.Error()
		}
	}
	changed = !slices.Equal(parts, w.parts)
	w.parts = parts
	return changed
}

// list returns the running pods of the node that have the annotation, in order of their names.
func (w *Watcher) list(ctx context.Context) ([]pod, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var found []pod
	for _, namespace := range w.Namespaces {
		var answer struct {
			Items []struct {
				Metadata struct {
					Name, Namespace   string
					Annotations       map[string]string
					DeletionTimestamp string
				}
				Status struct{ Phase, PodIP string }
			}
		}
		// With resourceVersion=0 the answer comes from the API server's cache, not from etcd.
		query := "?resourceVersion=0&fieldSelector=" + url.QueryEscape("spec.nodeName="+w.Node)
		if err := w.API.Do(ctx, http.MethodGet, "/api/v1/namespaces/"+namespace+"/pods"+query, nil, &answer); err != nil {
			return nil, fmt.Errorf("list the pods of namespace %s: %w", namespace, err)
		}
		for i := range answer.Items {
			m, status := &answer.Items[i].Metadata, &answer.Items[i].Status
			snippet := m.Annotations[SnippetAnnotation]
			if snippet == "" || status.Phase != "Running" || m.DeletionTimestamp != "" {
				continue
			}
			found = append(found, pod{m.Namespace, m.Name, status.PodIP, snippet, m.Annotations[PortAnnotation]})
		}
	}
	slices.SortFunc(found, func(a, b pod) int { return cmp.Compare(a.String(), b.String()) })
	return found, nil
}

// Texts are the parts of the config that describe the pods. valid reports what is wrong with
// texts together with the rest of the config. A pod whose text is wrong is left out and named in
// the log, so that it keeps no other from being watched.
func (w *Watcher) Texts(valid func([]config.Text) error) (texts []config.Text) {
	w.mu.Lock()
	defer w.mu.Unlock()
	refused := map[string]string{}
	for _, p := range w.parts {
		problem, text := p.problem, config.Text{Name: p.name, Text: []byte(p.text)}
		if problem == "" {
			if err := valid(append(slices.Clip(texts), text)); err != nil {
				problem = err.Error()
			}
		}
		if problem == "" {
			texts = append(texts, text)
			continue
		}
		refused[p.pod] = problem
		if w.refused[p.pod] != problem {
			w.Log.Warn("a pod asks to be watched and is left out", "pod", untrusted.Text(p.pod), "problem", problem)
		}
	}
	w.refused = refused
	return texts
}

// text is the snippet of a pod with its address in it.
func (w *Watcher) text(p *pod) (config.Text, error) {
	if !kubernetes.IsName(p.snippet) {
		return config.Text{}, fmt.Errorf("its annotation %s is %q, and the name of a snippet has small letters, digits and hyphens", SnippetAnnotation, untrusted.Text(p.snippet))
	}
	path := filepath.Join(w.Snippets, p.snippet+".yml")
	snippet, err := os.ReadFile(path)
	switch {
	case os.IsNotExist(err):
		return config.Text{}, fmt.Errorf("its annotation %s is %q, and there is no %s", SnippetAnnotation, p.snippet, path)
	case err != nil:
		return config.Text{}, fmt.Errorf("read its snippet: %w", err)
	case len(snippet) > largestSnippet:
		return config.Text{}, fmt.Errorf("%s has more than %d bytes", path, largestSnippet)
	}
	address, err := netip.ParseAddr(p.ip)
	if err != nil {
		return config.Text{}, errors.New("it has no address yet")
	}
	host := address.String()
	if address.Is6() {
		host = "[" + host + "]"
	}
	whole := string(snippet)
	if strings.Contains(whole, "${POD_PORT}") {
		if _, err := strconv.ParseUint(p.port, 10, 16); err != nil {
			return config.Text{}, fmt.Errorf("its annotation %s is %q, and the snippet %s needs a port", PortAnnotation, untrusted.Text(p.port), p.snippet)
		}
	}
	whole = strings.NewReplacer("${POD_IP}", host, "${POD_PORT}", p.port, "${POD_NAME}", p.name, "${POD_NAMESPACE}", p.namespace).Replace(whole)
	return config.Text{Name: fmt.Sprintf("%s of pod %s", path, p), Text: []byte(whole)}, nil
}
