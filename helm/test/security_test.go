package test

import (
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// pods are the pods that an object makes.
func pods(o any) []core.PodTemplateSpec {
	switch o := o.(type) {
	case *apps.Deployment:
		return []core.PodTemplateSpec{o.Spec.Template}
	case *apps.DaemonSet:
		return []core.PodTemplateSpec{o.Spec.Template}
	case *core.Pod:
		return []core.PodTemplateSpec{{ObjectMeta: o.ObjectMeta, Spec: o.Spec}}
	}
	return nil
}

// refusals are the reasons for which a namespace that enforces "restricted" refuses a pod.
func refusals(t *testing.T, meta *meta.ObjectMeta, spec *core.PodSpec) (reasons []string) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(level, meta, spec) {
		if !result.Allowed {
			reasons = append(reasons, result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	return reasons
}

func TestEveryPodIsAllowedWhereRestrictedIsEnforced(t *testing.T) {
	each(t, func(t *testing.T, v map[string]any) {
		n := 0
		for _, m := range rendered(t, v) {
			for _, pod := range pods(decode(t, m)) {
				n++
				for _, reason := range refusals(t, &pod.ObjectMeta, &pod.Spec) {
					t.Error(reason)
				}
			}
		}
		if n == 0 && v["mode"] != "sidecar" {
			t.Error("there is no pod")
		}
	})
}

func TestPodWithRootIsRefused(t *testing.T) {
	if len(refusals(t, &meta.ObjectMeta{}, &core.PodSpec{Containers: []core.Container{{Name: "root"}}})) == 0 {
		t.Error("the evaluator allows everything")
	}
}

// asksKubernetes reports whether values have several pods share the targets, or watch the pods of
// their node, as the README says.
func asksKubernetes(v map[string]any) bool {
	replicas, _ := v["replicas"].(float64)
	mode, _ := v["mode"].(string)
	return replicas > 1 && (mode == "" || mode == "deployment") || v["pods"] != nil
}

func TestPodsOfTheChartGetNoTokenAndNoRights(t *testing.T) {
	each(t, func(t *testing.T, v map[string]any) {
		for _, m := range rendered(t, v) {
			o := decode(t, m)
			switch o.(type) {
			case *rbac.Role, *rbac.RoleBinding:
				if !asksKubernetes(v) {
					t.Errorf("there is a right without a need: %s", m)
				}
			}
			if _, isAccount := o.(*core.ServiceAccount); asksKubernetes(v) && !isAccount {
				continue // see the tests of the exact rights
			}
			if account, ok := o.(*core.ServiceAccount); ok && (account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken) {
				t.Error("the service account mounts its token")
			}
			for _, pod := range pods(o) {
				if mount := pod.Spec.AutomountServiceAccountToken; mount == nil || *mount {
					t.Error("a pod mounts a token")
				}
				for _, c := range pod.Spec.Containers {
					if c.Image[:len("ghcr.io/")] == "ghcr.io/" && (c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem) {
						t.Errorf("%s may write to its root", c.Name)
					}
				}
			}
		}
	})
}
