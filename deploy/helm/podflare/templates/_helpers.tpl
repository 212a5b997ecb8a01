{{- define "podflare.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}-podflare
{{- end }}

{{- define "podflare.clusterId" -}}
{{ .Values.cluster.id | default (.Release.Name | trunc 63 | trimSuffix "-") }}
{{- end }}

{{- define "podflare.image" -}}
{{ required "image.registry is missing: the registry and folder that has frontend, worker, status and default, as registry.example.com/podflare" .root.Values.image.registry }}/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* Labels that select pods; they never change. */}}
{{- define "podflare.selector" -}}
app.kubernetes.io/name: podflare
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "podflare.labels" -}}
{{ include "podflare.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "podflare.secretName" -}}
{{ .Values.secrets.existingSecret | default (include "podflare.name" .) }}
{{- end }}

{{/* Fails where something that is needed is missing. */}}
{{- define "podflare.check" -}}
{{- if not (or .Values.secrets.existingSecret .Values.secrets.apiKeys) }}
{{- fail "API keys are missing: set secrets.existingSecret to a Secret with PODFLARE_API_KEYS, or secrets.apiKeys" }}
{{- end }}
{{- if and .Values.redis.existingSecret .Values.redis.bundled.enabled }}
{{- fail "redis.existingSecret and redis.bundled.enabled exclude each other" }}
{{- end }}
{{- if not (or .Values.redis.existingSecret .Values.redis.bundled.enabled) }}
{{- fail "Redis is missing: set redis.existingSecret to a Secret with a connection string, or redis.bundled.enabled" }}
{{- end }}
{{- if not .Values.cluster.allowPlaintext }}
{{- if not (and .Values.cluster.tls.workerSecret .Values.cluster.tls.frontendSecret) }}
{{- fail "certificates are missing: set cluster.tls.workerSecret and cluster.tls.frontendSecret, or cluster.allowPlaintext where nobody else can reach the pod network" }}
{{- end }}
{{- end }}
{{- if and .Values.redis.useClusterAuthority .Values.cluster.allowPlaintext }}
{{- fail "redis.useClusterAuthority needs cluster.tls" }}
{{- end }}
{{- if and .Values.frontend.ingress.enabled (not .Values.frontend.ingress.host) }}
{{- fail "frontend.ingress.host is missing" }}
{{- end }}
{{- if gt (int .Values.frontend.autoscaling.minReplicas) (int .Values.frontend.autoscaling.maxReplicas) }}
{{- fail "frontend.autoscaling.minReplicas is more than maxReplicas" }}
{{- end }}
{{- end }}

{{/* Environment of every process of the cluster. */}}
{{- define "podflare.clusterEnv" -}}
- name: ConnectionStrings__Redis
  valueFrom:
    secretKeyRef:
      {{- if .Values.redis.existingSecret }}
      name: {{ .Values.redis.existingSecret }}
      key: {{ .Values.redis.existingSecretKey }}
      {{- else }}
      name: {{ include "podflare.name" . }}-redis
      key: connection
      {{- end }}
- name: Podflare__ClusterId
  value: {{ include "podflare.clusterId" . | quote }}
- name: Podflare__AdvertisedAddress
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: Podflare__SiloPort
  value: "11111"
- name: Podflare__GatewayPort
  value: "30000"
{{- if .Values.cluster.allowPlaintext }}
- name: Podflare__Cluster__AllowPlaintext
  value: "true"
{{- else }}
- name: Podflare__Cluster__Certificate
  value: /certificates/certificate.pem
- name: Podflare__Cluster__Key
  value: /certificates/key.pem
- name: Podflare__Cluster__Authority
  value: /certificates/authority.pem
{{- end }}
{{- if .Values.redis.useClusterAuthority }}
- name: Podflare__Redis__Authority
  value: /certificates/authority.pem
{{- end }}
{{ include "podflare.telemetryEnv" . }}
{{- end }}

{{- define "podflare.telemetryEnv" -}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name={{ .Release.Namespace }}
{{- with .Values.telemetry.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.telemetry.headers }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "podflare.extraEnv" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* What an unprivileged container may do: nothing. */}}
{{- define "podflare.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* A change of secrets or settings that the chart makes restarts the pods. */}}
{{- define "podflare.checksum" -}}
checksum/secrets: {{ toJson .Values.secrets | sha256sum }}
{{- end }}
