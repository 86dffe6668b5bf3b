//go:build kubernetes

package node

import (
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// app is the chart of an app that has lostorder beside it. Its outbox is stuck.
const app = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout, labels: {app.kubernetes.io/instance: checkout}}
spec:
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout, app.kubernetes.io/instance: checkout}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      initContainers:
        {{- include "lostorder.sidecar" . | nindent 8 }}
      containers:
        - {name: app, image: "lostorder.test/pause:1", imagePullPolicy: Never, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
      volumes:
        {{- include "lostorder.sidecar.volumes" . | nindent 8 }}
`

func (c *cluster) installApp() {
	c.t.Helper()
	own, err := loader.Load("../../lostorder")
	if err != nil {
		c.t.Fatal(err)
	}
	parent := &chart.Chart{
		Metadata:  &chart.Metadata{APIVersion: "v2", Name: "checkout", Version: "1.0.0", Dependencies: []*chart.Dependency{{Name: "lostorder", Version: own.Metadata.Version}}},
		Templates: []*chart.File{{Name: "templates/deployment.yaml", Data: []byte(app)}},
	}
	parent.AddDependency(own)
	in := action.NewInstall(c.helm)
	in.Namespace, in.ReleaseName, in.Wait, in.Timeout = namespace, "checkout", true, patience
	values := c.values(watched(targets, ""))
	values["mode"] = "sidecar"
	if _, err := in.RunWithContext(c.t.Context(), parent, map[string]any{"lostorder": values}); err != nil {
		c.t.Fatalf("install the app: %v", err)
	}
}
