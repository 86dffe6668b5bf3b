package test

import (
	"reflect"
	"slices"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	rbac "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

const three = "config: {kafka: [{name: main, brokers: ['kafka:9092']}]}\nreplicas: 3\n"

func parsed(t *testing.T, text string) (v map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestReplicasMayUseLeasesAndNothingElse compares the rights with those that the program uses.
func TestReplicasMayUseLeasesAndNothingElse(t *testing.T) {
	roles, bindings, tokens := 0, 0, 0
	for _, m := range rendered(t, parsed(t, three)) {
		o := decode(t, m)
		switch o := o.(type) {
		case *rbac.Role:
			roles++
			want := []rbac.PolicyRule{{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"list", "create", "update", "delete"}}}
			if !reflect.DeepEqual(o.Rules, want) {
				t.Errorf("the rights are %+v", o.Rules)
			}
		case *rbac.RoleBinding:
			bindings++
			if len(o.Subjects) != 1 || o.Subjects[0].Kind != "ServiceAccount" || o.RoleRef.Kind != "Role" {
				t.Errorf("the binding is %+v", o)
			}
		}
		for _, pod := range pods(o) {
			if mount := pod.Spec.AutomountServiceAccountToken; mount == nil || !*mount {
				continue // the pod of helm test
			}
			tokens++
			if !slices.ContainsFunc(pod.Spec.Containers, func(c core.Container) bool {
				return slices.Contains(c.Args, "--shard.url=http://$(POD_IP):10404") && slices.Contains(c.Args, "--shard.member=$(POD_NAME)") && slices.Contains(c.Args, "--shard.pod-uid=$(POD_UID)") && slices.ContainsFunc(c.Env, func(e core.EnvVar) bool { return e.Name == "POD_IP" })
			}) {
				t.Error("the pods do not know how to share")
			}
		}
	}
	if roles != 1 || bindings != 1 || tokens != 1 {
		t.Errorf("%d roles, %d bindings, %d pods with a token", roles, bindings, tokens)
	}
}

func TestReplicasThatShareNothingGetNoRights(t *testing.T) {
	for name, text := range map[string]string{"one replica": "config: {kafka: [{name: main, brokers: ['kafka:9092']}]}\n", "sharing is off": three + "shard: {enabled: false}\n"} {
		t.Run(name, func(t *testing.T) {
			n := 0
			for _, m := range rendered(t, parsed(t, text)) {
				o := decode(t, m)
				switch o.(type) {
				case *rbac.Role, *rbac.RoleBinding:
					t.Errorf("there is a right: %s", m)
				}
				for _, pod := range pods(o) {
					n++
					if mount := pod.Spec.AutomountServiceAccountToken; mount == nil || *mount {
						t.Error("a pod mounts a token")
					}
				}
			}
			if n == 0 {
				t.Error("there is no pod")
			}
		})
	}
}

func TestReplicasMayAskEachOther(t *testing.T) {
	text := three + "networkPolicy: {enabled: true, ingressFrom: [{podSelector: {matchLabels: {app: prometheus}}}]}\n"
	n := 0
	for _, m := range rendered(t, parsed(t, text)) {
		if p, ok := decode(t, m).(*networking.NetworkPolicy); ok {
			n++
			if len(p.Spec.Ingress) != 1 || len(p.Spec.Ingress[0].From) != 2 || p.Spec.Ingress[0].From[1].PodSelector.MatchLabels["app.kubernetes.io/name"] != "lostorder" {
				t.Errorf("who may ask: %+v", p.Spec.Ingress)
			}
		}
	}
	if n != 1 {
		t.Errorf("there are %d policies", n)
	}
}
