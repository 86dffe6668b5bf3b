{{/*
For other charts: lostorder beside an app, in the app's pod.

A chart that depends on this one, with `lostorder.mode: sidecar` in its values, writes into the pod of its app:

  initContainers:                                  # containers:, with lostorder.sidecar.native: false
    {{- include "lostorder.sidecar" . | nindent 4 }}
  volumes:
    {{- include "lostorder.sidecar.volumes" . | nindent 4 }}
*/}}
{{- define "lostorder.sidecar" -}}
{{- $here := include "lostorder.sidecar.values" . | trim | eq "own" | ternary . (.Subcharts | default dict).lostorder -}}
{{- if and $here.Values.sidecar.native (semverCompare "<1.29.0-0" .Capabilities.KubeVersion.Version) -}}
{{- fail "a native sidecar needs Kubernetes 1.29 or newer: set sidecar.native: false and include lostorder.sidecar below containers" -}}
{{- end -}}
- name: lostorder
  {{- if $here.Values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
  args: {{- include "lostorder.args" $here | nindent 4 }}
    - --web.listen-address=:{{ $here.Values.sidecar.port }}
  ports:
    - {name: lostorder, containerPort: {{ $here.Values.sidecar.port }}, protocol: TCP}
  {{- range $probe := list "startupProbe" "livenessProbe" }}
  {{ $probe }}: {{- get $here.Values $probe | toYaml | replace "port: http" "port: lostorder" | nindent 4 }}
  {{- end }}
  {{- include "lostorder.containerBasics" $here | nindent 2 }}
{{- end }}

{{- define "lostorder.sidecar.volumes" -}}
{{- $here := include "lostorder.sidecar.values" . | trim | eq "own" | ternary . (.Subcharts | default dict).lostorder -}}
{{- include "lostorder.volumes" $here }}
{{- end }}

{{/* Whether the template is called with this chart's own context, or with that of a chart which depends on it. */}}
{{- define "lostorder.sidecar.values" -}}
{{- if hasKey (.Subcharts | default dict) "lostorder" }}parent{{ else }}own{{ end }}
{{- end }}
