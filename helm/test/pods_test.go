package test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
)

// TestDaemonSetMayListThePodsOfItsNamespacesAndNothingElse compares the rights with those that
// the program uses.
func TestDaemonSetMayListThePodsOfItsNamespacesAndNothingElse(t *testing.T) {
	values, err := os.ReadFile("../lostorder/ci/daemonset-pods-values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rights, bound := map[string][]rbac.PolicyRule{}, map[string]string{}
	watching := 0
	for _, m := range rendered(t, parsed(t, string(values))) {
		o := decode(t, m)
		switch o := o.(type) {
		case *rbac.Role:
			rights[o.Namespace] = o.Rules
		case *rbac.RoleBinding:
			bound[o.Namespace] = o.RoleRef.Name + " to " + o.Subjects[0].Name + " of " + o.Subjects[0].Namespace
		case *core.ConfigMap:
			if strings.HasSuffix(o.Name, "-pods") && !strings.Contains(o.Data["rabbitmq.yml"], "url: http://${POD_IP}:${POD_PORT}") {
				t.Errorf("the snippets are %v", o.Data)
			}
		}
		for _, pod := range pods(o) {
			for _, c := range pod.Spec.Containers {
				if slices.Contains(c.Args, "--pods.node=$(NODE_NAME)") && slices.Contains(c.Args, "--pods.namespace=shop") && slices.Contains(c.Args, "--pods.namespace=billing") &&
					slices.Contains(c.Args, "--pods.snippets=/etc/lostorder-pods") && slices.Contains(c.Args, "--shard.member=$(POD_NAME)") &&
					slices.ContainsFunc(c.VolumeMounts, func(v core.VolumeMount) bool { return v.MountPath == "/etc/lostorder-pods" }) {
					watching++
				}
			}
		}
	}
	list := []rbac.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}}}
	leases := []rbac.PolicyRule{{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"list", "create", "update", "delete"}}}
	if want := map[string][]rbac.PolicyRule{"": leases, "shop": list, "billing": list}; !reflect.DeepEqual(rights, want) {
		t.Errorf("the rights are %+v", rights)
	}
	if want := map[string]string{"": "shop-lostorder to shop-lostorder of orders", "shop": "shop-lostorder-pods to shop-lostorder of orders", "billing": "shop-lostorder-pods to shop-lostorder of orders"}; !reflect.DeepEqual(bound, want) {
		t.Errorf("they are given: %+v", bound)
	}
	if watching != 1 {
		t.Errorf("%d containers watch pods", watching)
	}
}
