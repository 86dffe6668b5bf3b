package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/pods"
	"github.com/lostorder/lostorder/internal/signal"
)

// podFlags say which pods of a node are watched.
type podFlags struct {
	node, snippets, api *string
	namespaces          *[]string
}

func newPodFlags(clause *kingpin.CmdClause) podFlags {
	return podFlags{
		node:       clause.Flag("pods.node", "Watch the pods of this node of Kubernetes, too, that name a snippet in their annotation lostorder.io/config, such as $(NODE_NAME).").PlaceHolder("NODE").String(),
		namespaces: clause.Flag("pods.namespace", "A namespace whose pods may be watched; repeatable. They are given the credentials of the snippets that they name.").PlaceHolder("NAMESPACE").Strings(),
		snippets:   clause.Flag("pods.snippets", "The folder of the snippets. NAME.yml is a config file in which ${POD_IP}, ${POD_PORT}, ${POD_NAME} and ${POD_NAMESPACE} stand for those of the pod.").Default("/etc/lostorder/pods").String(),
		api:        clause.Flag("pods.api-server", "Address of the Kubernetes API, if it is not that of the cluster in which lostorder runs, such as http://localhost:8001 of kubectl proxy.").PlaceHolder("URL").String(),
	}
}

// watcher is what the flags describe, nil if no pods are watched.
func (f *podFlags) watcher(log *slog.Logger) (*pods.Watcher, error) {
	if *f.node == "" {
		if len(*f.namespaces) > 0 {
			return nil, errors.New("--pods.namespace needs --pods.node")
		}
		return nil, nil //nolint:nilnil // watching no pods is no error
	}
	api, err := ownership.APIServer(*f.api)
	if err != nil {
		if *f.api == "" {
			return nil, fmt.Errorf("--pods.node: %w", err)
		}
		return nil, fmt.Errorf("--pods.api-server: %w", err)
	}
	watcher, err := pods.New(pods.Options{API: api, Node: *f.node, Namespaces: *f.namespaces, Snippets: *f.snippets, Log: log})
	if err != nil {
		return nil, fmt.Errorf("--pods.node: %w", err)
	}
	return watcher, nil
}

// loader reads the config file, and the snippets of the pods that are watched.
type loader struct {
	path string
	pods *pods.Watcher // nil: no pods are watched
}

// emptyConfig lets a config file hold nothing where only pods are watched.
var emptyConfig = config.Text{Name: "pods", Text: []byte("x-pods: []\n")}

// load refuses a config that watches nothing, unless pods may come. local are the targets of
// pods: no process on another node reads them.
func (l *loader) load() (f *config.File, local map[signal.TargetID]bool, err error) {
	if l.pods == nil {
		f, err = load(l.path)
		return f, nil, err
	}
	with := func(texts []config.Text) (*config.File, error) {
		return config.Load(l.path, builtin.Sections(), append([]config.Text{emptyConfig}, texts...)...)
	}
	base, err := with(nil)
	if err != nil {
		return nil, nil, err
	}
	texts := l.pods.Texts(func(texts []config.Text) error {
		_, err := with(texts)
		return err
	})
	if f, err = with(texts); err != nil {
		return nil, nil, err
	}
	everywhere := idsOf(builtin.Targets(base))
	local = map[signal.TargetID]bool{}
	for id := range idsOf(builtin.Targets(f)) {
		if !everywhere[id] {
			local[id] = true
		}
	}
	return f, local, nil
}
