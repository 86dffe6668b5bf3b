package test

import (
	"encoding/json"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// identity is what every object has.
type identity struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
}

func object(t *testing.T, manifest string) identity {
	t.Helper()
	var o identity
	if err := yaml.Unmarshal([]byte(manifest), &o); err != nil {
		t.Fatalf("%v\n%s", err, manifest)
	}
	return o
}

// kinds are the types of all that the chart makes. The type of a GrafanaDashboard is written out here: the module that
// has it brings a whole operator.
var kinds = map[string]func() any{
	"v1/ConfigMap":                             func() any { return &core.ConfigMap{} },
	"v1/PersistentVolumeClaim":                 func() any { return &core.PersistentVolumeClaim{} },
	"v1/Pod":                                   func() any { return &core.Pod{} },
	"v1/Service":                               func() any { return &core.Service{} },
	"v1/ServiceAccount":                        func() any { return &core.ServiceAccount{} },
	"apps/v1/DaemonSet":                        func() any { return &apps.DaemonSet{} },
	"apps/v1/Deployment":                       func() any { return &apps.Deployment{} },
	"networking.k8s.io/v1/NetworkPolicy":       func() any { return &networking.NetworkPolicy{} },
	"rbac.authorization.k8s.io/v1/Role":        func() any { return &rbac.Role{} },
	"rbac.authorization.k8s.io/v1/RoleBinding": func() any { return &rbac.RoleBinding{} },
	"policy/v1/PodDisruptionBudget":            func() any { return &policy.PodDisruptionBudget{} },
	"monitoring.coreos.com/v1/PodMonitor":      func() any { return &monitoring.PodMonitor{} },
	"monitoring.coreos.com/v1/ServiceMonitor":  func() any { return &monitoring.ServiceMonitor{} },
	"monitoring.coreos.com/v1/PrometheusRule":  func() any { return &monitoring.PrometheusRule{} },
	"grafana.integreatly.org/v1beta1/GrafanaDashboard": func() any {
		return &struct {
			identity `json:",inline"`
			Spec     struct {
				Folder           string             `json:"folder"`
				InstanceSelector meta.LabelSelector `json:"instanceSelector"`
				JSON             string             `json:"json"`
			} `json:"spec"`
		}{}
	},
}

// decode refuses a field that the type does not have, and a field that is given twice.
func decode(t *testing.T, manifest string) any {
	t.Helper()
	o := object(t, manifest)
	create := kinds[o.APIVersion+"/"+o.Kind]
	if create == nil {
		t.Fatalf("unknown kind %s/%s", o.APIVersion, o.Kind)
	}
	into := create()
	if err := yaml.UnmarshalStrict([]byte(manifest), into); err != nil {
		t.Errorf("%s %s: %v", o.Kind, o.Name, err)
	}
	return into
}

func TestEveryObjectDecodesStrictly(t *testing.T) {
	unseen := map[string]bool{}
	for kind := range kinds {
		unseen[kind] = true
	}
	each(t, func(t *testing.T, v map[string]any) {
		for _, m := range rendered(t, v) {
			decode(t, m)
			o := object(t, m)
			delete(unseen, o.APIVersion+"/"+o.Kind)
		}
	})
	if len(unseen) > 0 {
		t.Errorf("no values of the matrix make %v", unseen)
	}
}

// TestStrictDecodingFindsAWrongField shows that the test above can fail.
func TestStrictDecodingFindsAWrongField(t *testing.T) {
	err := yaml.UnmarshalStrict([]byte("spec: {replica: 1}"), &apps.Deployment{})
	if err == nil || !strings.Contains(err.Error(), `unknown field "spec.replica"`) && !strings.Contains(err.Error(), `unknown field "replica"`) {
		t.Error(err)
	}
}

func TestDashboardsAreJSON(t *testing.T) {
	n := 0
	for _, m := range rendered(t, values(t, chartDir+"/ci/deployment-everything-values.yaml")) {
		c, ok := decode(t, m).(*core.ConfigMap)
		if !ok || c.Labels["grafana_dashboard"] != "1" {
			continue
		}
		n++
		for name, text := range c.Data {
			if !json.Valid([]byte(text)) || c.Annotations["grafana_folder"] != "Orders" {
				t.Errorf("%s: not JSON, or in no folder", name)
			}
		}
	}
	if n != 6 {
		t.Errorf("%d dashboards", n)
	}
}
