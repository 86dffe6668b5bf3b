package test

import (
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestMemoryIsKeptWhereItBelongs: in a volume of a Deployment that asks for one, otherwise in an emptyDir of the pod.
func TestMemoryIsKeptWhereItBelongs(t *testing.T) {
	const watched = "config: {kafka: [{name: main, brokers: ['kafka:9092']}]}\n"
	for name, tc := range map[string]struct {
		values string
		volume func(v core.VolumeSource) bool // nil: there is none
		dir    string                         // in the config; empty: none
	}{
		"by default":              {watched, func(v core.VolumeSource) bool { return v.EmptyDir != nil && v.EmptyDir.SizeLimit.String() == "256Mi" }, "/var/lib/lostorder"},
		"with a volume":           {watched + "persistence: {enabled: true}", func(v core.VolumeSource) bool { return v.PersistentVolumeClaim.ClaimName == "shop-lostorder" }, "/var/lib/lostorder"},
		"without memory":          {watched + "state: {enabled: false}", nil, ""},
		"in a directory of yours": {"config: {kafka: [{name: main, brokers: ['kafka:9092']}], state: {dir: /data}}", func(v core.VolumeSource) bool { return v.EmptyDir != nil }, "/data"},
	} {
		t.Run(name, func(t *testing.T) {
			var values map[string]any
			if err := yaml.Unmarshal([]byte(tc.values), &values); err != nil {
				t.Fatal(err)
			}
			files, err := render(load(t), values, "v1.34.0")
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, m := range manifests(files) {
				switch o := decode(t, m).(type) {
				case *apps.Deployment:
					found++
					mounted := false
					for _, mount := range o.Spec.Template.Spec.Containers[0].VolumeMounts {
						mounted = mounted || mount.Name == "lostorder-state" && mount.MountPath == "/var/lib/lostorder"
					}
					kept := false
					for _, v := range o.Spec.Template.Spec.Volumes {
						if v.Name == "lostorder-state" {
							kept = true
							if tc.volume == nil || !tc.volume(v.VolumeSource) {
								t.Errorf("kept in %+v", v)
							}
						}
					}
					if kept != mounted || kept != (tc.volume != nil) {
						t.Errorf("volume %t, mounted %t", kept, mounted)
					}
				case *core.ConfigMap:
					if !strings.Contains(o.Data["lostorder.yml"], "brokers") {
						continue
					}
					found++
					if got := strings.Contains(o.Data["lostorder.yml"], "state:"); got != (tc.dir != "") || !strings.Contains(o.Data["lostorder.yml"], tc.dir) {
						t.Errorf("the config is %s", o.Data["lostorder.yml"])
					}
				}
			}
			if found != 2 {
				t.Errorf("%d of a Deployment and a ConfigMap", found)
			}
		})
	}
}
