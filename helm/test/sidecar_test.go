package test

import (
	"reflect"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// app is the chart of an app that has lostorder beside it.
const app = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout, labels: {app.kubernetes.io/instance: shop}}
spec:
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      PLACE:
        {{- include "lostorder.sidecar" . | nindent 8 }}
      REST
      volumes:
        {{- include "lostorder.sidecar.volumes" . | nindent 8 }}
`

const own = `{name: app, image: "example.com/checkout:1", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}`

// parent is a chart that depends on lostorder's.
func parent(t *testing.T, place string) *chart.Chart {
	t.Helper()
	text := strings.ReplaceAll(app, "PLACE", place)
	if place == "containers" {
		text = strings.ReplaceAll(text, "REST", "")
		text = strings.ReplaceAll(text, "      volumes:", "        - "+own+"\n      volumes:")
	} else {
		text = strings.ReplaceAll(text, "REST", "containers: ["+own+"]")
	}
	c := &chart.Chart{
		Metadata:  &chart.Metadata{APIVersion: "v2", Name: "checkout", Version: "1.0.0", Dependencies: []*chart.Dependency{{Name: "lostorder", Version: "0.1.0"}}},
		Templates: []*chart.File{{Name: "templates/deployment.yaml", Data: []byte(text)}},
	}
	c.AddDependency(load(t))
	return c
}

func deployment(t *testing.T, place, values, version string) (*apps.Deployment, error) {
	t.Helper()
	var v map[string]any
	if err := yaml.Unmarshal([]byte(values), &v); err != nil {
		t.Fatal(err)
	}
	files, err := render(parent(t, place), v, version)
	if err != nil {
		return nil, err
	}
	for _, m := range manifests(files) {
		if d, ok := decode(t, m).(*apps.Deployment); ok {
			return d, nil
		}
	}
	t.Fatal("there is no Deployment")
	return nil, nil
}

const sidecarValues = "lostorder: {mode: sidecar, config: {kafka: [{name: main, brokers: ['kafka:9092']}]}, sidecar: {native: true}}"

func TestNativeSidecarStartsBeforeTheAppAndKeepsRunning(t *testing.T) {
	d, err := deployment(t, "initContainers", sidecarValues, "v1.29.0")
	if err != nil {
		t.Fatal(err)
	}
	spec := d.Spec.Template.Spec
	if len(spec.InitContainers) != 1 || len(spec.Containers) != 1 || spec.Volumes[0].ConfigMap.Name != "shop-lostorder" {
		t.Fatalf("%+v", spec)
	}
	c := spec.InitContainers[0]
	if c.RestartPolicy == nil || *c.RestartPolicy != core.ContainerRestartPolicyAlways || c.StartupProbe == nil || c.ReadinessProbe != nil {
		t.Errorf("%+v", c)
	}
	if c.Image != "ghcr.io/lostorder/lostorder:0.1.0" {
		t.Errorf("the image is that of another chart: %s", c.Image)
	}
	for _, reason := range refusals(t, &d.Spec.Template.ObjectMeta, &spec) {
		t.Error(reason)
	}
}

func TestPlainSidecarIsOneMoreContainer(t *testing.T) {
	d, err := deployment(t, "containers", strings.Replace(sidecarValues, "native: true", "native: false", 1), "v1.25.0")
	if err != nil {
		t.Fatal(err)
	}
	if c := d.Spec.Template.Spec.Containers; len(c) != 2 || c[0].RestartPolicy != nil || c[0].Name != "lostorder" {
		t.Errorf("%+v", c)
	}
}

func TestNativeSidecarIsRefusedBeforeKubernetes129(t *testing.T) {
	_, err := deployment(t, "initContainers", sidecarValues, "v1.28.9")
	if err == nil || !strings.Contains(err.Error(), "a native sidecar needs Kubernetes 1.29 or newer: set sidecar.native: false and include lostorder.sidecar below containers") {
		t.Error(err)
	}
}

func TestSidecarModeMakesNoPodAndNoAccount(t *testing.T) {
	for _, m := range rendered(t, values(t, chartDir+"/ci/sidecar-values.yaml")) {
		switch kind := object(t, m).Kind; kind {
		case "ConfigMap", "PodMonitor", "PrometheusRule":
		default:
			t.Errorf("it makes a %s", kind)
		}
	}
}

// TestKustomizeAddsTheSameSidecar builds the example, in which an existing Deployment gets the sidecar.
func TestKustomizeAddsTheSameSidecar(t *testing.T) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../sidecar/example")
	if err != nil {
		t.Fatal(err)
	}
	got := only[apps.Deployment](t, resources, "Deployment")
	config := only[core.ConfigMap](t, resources, "ConfigMap")
	spec := got.Spec.Template.Spec
	if spec.Volumes[0].ConfigMap.Name != config.Name || !strings.Contains(config.Data["lostorder.yml"], "outboxes:") {
		t.Errorf("the sidecar does not read the config %s: %+v", config.Name, spec.Volumes)
	}
	if len(spec.Containers) != 1 || spec.Containers[0].Name != "checkout" {
		t.Errorf("the app is gone: %+v", spec.Containers)
	}
	for _, reason := range refusals(t, &meta.ObjectMeta{}, &spec) {
		t.Error(reason)
	}
	want, err := deployment(t, "initContainers", sidecarValues, "v1.34.0")
	if err != nil {
		t.Fatal(err)
	}
	if c := want.Spec.Template.Spec.InitContainers; !reflect.DeepEqual(spec.InitContainers, c) {
		t.Errorf("kustomize adds\n%+v\nthe chart\n%+v", spec.InitContainers, c)
	}
}

func only[T any](t *testing.T, resources resmap.ResMap, kind string) *T {
	t.Helper()
	for _, r := range resources.Resources() {
		if r.GetKind() == kind {
			var o T
			if err := yaml.UnmarshalStrict([]byte(r.MustYaml()), &o); err != nil {
				t.Fatal(err)
			}
			return &o
		}
	}
	t.Fatalf("there is no %s", kind)
	return nil
}
