{{/* The pod of the Deployment and of the DaemonSet. lostorder asks Kubernetes nothing, and no token is mounted, unless several pods share the targets or watch the pods of their node. */}}
{{- define "lostorder.pod" -}}
metadata:
  labels: {{- include "lostorder.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: lostorder
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "lostorder.serviceAccount" . }}
  automountServiceAccountToken: {{ or (include "lostorder.shares" .) (include "lostorder.watchesPods" .) | empty | not }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext: {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: lostorder
      args: {{- include "lostorder.args" . | nindent 8 }}
      ports:
        - {name: http, containerPort: 10404, protocol: TCP}
      startupProbe: {{- toYaml .Values.startupProbe | nindent 8 }}
      livenessProbe: {{- toYaml .Values.livenessProbe | nindent 8 }}
      readinessProbe: {{- toYaml .Values.readinessProbe | nindent 8 }}
      {{- include "lostorder.containerBasics" . | nindent 6 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes: {{- include "lostorder.volumes" . | nindent 4 }}
{{- end }}
