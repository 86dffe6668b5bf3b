{{/* GOMEMLIMIT is nine tenths of the memory limit: the collector of garbage works harder before the kernel ends the process. */}}
{{- define "lostorder.goMemLimit" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources | toString -}}
{{- if and .Values.goMemLimit (regexMatch "^[0-9]+(Ki|Mi|Gi)$" $limit) -}}
{{- $number := regexFind "^[0-9]+" $limit | int64 -}}
{{- $unit := regexFind "[A-Z]i$" $limit -}}
{{- $kibibytes := mul $number (get (dict "Ki" 1 "Mi" 1024 "Gi" 1048576) $unit) -}}
{{- printf "%dKiB" (div (mul $kibibytes 9) 10) -}}
{{- end }}
{{- end }}

{{/* What the Deployment, the DaemonSet and the sidecar have in common, without the port and the probes. */}}
{{- define "lostorder.containerBasics" -}}
image: {{ include "lostorder.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
env:
  - name: NODE_NAME
    valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
  - name: NODE_IP
    valueFrom: {fieldRef: {fieldPath: status.hostIP}}
  - name: POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  - name: POD_NAMESPACE
    valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
  {{- if include "lostorder.shares" . }}
  - name: POD_IP
    valueFrom: {fieldRef: {fieldPath: status.podIP}}
  - name: POD_UID
    valueFrom: {fieldRef: {fieldPath: metadata.uid}}
  {{- end }}
  {{- with include "lostorder.goMemLimit" . }}
  - name: GOMEMLIMIT
    value: {{ . }}
  {{- end }}
  {{- range $credential := .Values.credentials }}
  {{- range $name, $key := $credential.env }}
  - name: {{ $name }}
    valueFrom: {secretKeyRef: {name: {{ $credential.existingSecret }}, key: {{ $key | quote }}}}
  {{- end }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.extraEnvFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - {name: lostorder-config, mountPath: /etc/lostorder, readOnly: true}
  {{- if include "lostorder.watchesPods" . }}
  - {name: lostorder-pods, mountPath: /etc/lostorder-pods, readOnly: true}
  {{- end }}
  {{- range .Values.credentials }}
  {{- if not .env }}
  - {name: lostorder-credentials-{{ .existingSecret }}, mountPath: /etc/lostorder-credentials/{{ .existingSecret }}, readOnly: true}
  {{- end }}
  {{- end }}
  {{- if include "lostorder.stateVolume" . }}
  - {name: lostorder-state, mountPath: /var/lib/lostorder}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* What holds the memory: a volume where a Deployment asks for one, otherwise an emptyDir; nothing without memory. */}}
{{- define "lostorder.stateVolume" -}}
{{- if and .Values.persistence.enabled (eq .Values.mode "deployment") -}}
persistentVolumeClaim: {claimName: {{ default (include "lostorder.fullname" .) .Values.persistence.existingClaim }}}
{{- else if .Values.state.enabled -}}
emptyDir: {sizeLimit: {{ .Values.state.sizeLimit }}}
{{- end }}
{{- end }}

{{- define "lostorder.args" -}}
- run
- --config.file=/etc/lostorder/{{ .Values.configKey }}
- --config.watch
- --log.level={{ .Values.log.level }}
- --log.format={{ .Values.log.format }}
{{- with .Values.web.externalUrl }}
- --web.external-url={{ . }}
{{- end }}
{{- if include "lostorder.shares" . }}
- --shard.leases=$(POD_NAMESPACE)/{{ include "lostorder.fullname" . }}
- --shard.member=$(POD_NAME)
- --shard.pod-uid=$(POD_UID)
- --shard.url=http://$(POD_IP):10404{{ (urlParse .Values.web.externalUrl).path | trimSuffix "/" }}
- --shard.lease-duration={{ .Values.shard.leaseDuration }}
{{- end }}
{{- if include "lostorder.watchesPods" . }}
- --pods.node=$(NODE_NAME)
- --pods.snippets=/etc/lostorder-pods
{{- range .Values.pods.namespaces }}
- --pods.namespace={{ . }}
{{- end }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Whether several pods share the targets, by Leases. */}}
{{- define "lostorder.shares" -}}
{{- if and .Values.shard.enabled (or (and (eq .Values.mode "deployment") (gt (int .Values.replicas) 1)) (include "lostorder.watchesPods" .)) -}}
true
{{- end }}
{{- end }}

{{/* Whether each pod of the DaemonSet watches the pods of its node that ask for it. */}}
{{- define "lostorder.watchesPods" -}}
{{- if and (eq .Values.mode "daemonset") .Values.pods.enabled -}}
true
{{- end }}
{{- end }}

{{/* Volumes of the config file and of credentials that are files. */}}
{{- define "lostorder.volumes" -}}
- name: lostorder-config
  {{- if .Values.existingSecret }}
  secret: {secretName: {{ .Values.existingSecret }}}
  {{- else }}
  configMap: {name: {{ default (include "lostorder.fullname" .) .Values.existingConfigMap }}}
  {{- end }}
{{- if include "lostorder.watchesPods" . }}
- name: lostorder-pods
  configMap: {name: {{ include "lostorder.fullname" . }}-pods}
{{- end }}
{{- range .Values.credentials }}
{{- if not .env }}
- name: lostorder-credentials-{{ .existingSecret }}
  secret: {secretName: {{ .existingSecret }}}
{{- end }}
{{- end }}
{{- with include "lostorder.stateVolume" . }}
- name: lostorder-state
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
