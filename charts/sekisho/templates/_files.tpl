{{/* What stands in ConfigMaps: defined here, so that pods can carry a checksum of it. */}}

{{/* settings.yaml, read by serve and controller; src/commands/settings.ts knows every field. */}}
{{- define "sekisho.settings" -}}
maxMode: {{ .Values.mode }}
language: {{ .Values.language }}
shutdownDelay: {{ .Values.shutdownDelay }}
exceptions:
  maxDuration: {{ .Values.exceptions.maxDuration }}
certs:
  caLifetime: {{ .Values.certificates.caLifetime }}
  leafLifetime: {{ .Values.certificates.leafLifetime }}
  propagation: {{ .Values.certificates.propagation }}
{{- with .Values.workloadKinds }}
workloadKinds: {{- toYaml . | nindent 2 }}
{{- end }}
installation:
  namespace: {{ .Release.Namespace | quote }}
  service: {{ include "sekisho.fullname" . }}
  webhookConfiguration: {{ include "sekisho.fullname" . }}
  webhookEntries: [pods.sekisho.dev, policies.sekisho.dev{{ if .Values.guard.enabled }}, guard.sekisho.dev{{ end }}]
  {{- if eq .Values.certificates.mode "self" }}
  caSecret: {{ include "sekisho.fullname" . }}-ca
  {{- end }}
  lease: {{ include "sekisho.fullname" . }}-controller
  canaryNamespace: {{ include "sekisho.canaryNamespace" . }}
{{- end }}

{{/* The policies as files: name of the file → PodPolicy, or PodPolicyException. A chart cannot hold objects of a kind that it would install. */}}
{{- define "sekisho.policies" -}}
{{- with .Values.policies.podSecurity }}
{{- if .enabled }}
pod-security.yaml: |
  apiVersion: sekisho.dev/v1alpha1
  kind: PodPolicy
  metadata:
    name: pod-security
  spec:
    mode: {{ .mode }}
    {{- with .match }}
    match: {{- toYaml . | nindent 6 }}
    {{- end }}
    podSecurity:
      level: {{ .level }}
      version: {{ .version }}
      workloads: {{ .workloads }}
      {{- with .rules }}
      rules: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .except }}
      except: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
{{- end }}
{{- range $group := list "images" "resources" "practices" }}
{{- with index $.Values.policies $group }}
{{- if .enabled }}
{{ $group }}.yaml: |
  apiVersion: sekisho.dev/v1alpha1
  kind: PodPolicy
  metadata:
    name: {{ $group }}
  spec:
    mode: {{ .mode }}
    {{- with .match }}
    match: {{- toYaml . | nindent 6 }}
    {{- end }}
    {{ $group }}:
      workloads: {{ .workloads }}
      {{- with .rules }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- with .except }}
      except: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $index, $policy := .Values.policies.extra }}
extra-{{ $index }}.yaml: | {{- toYaml $policy | nindent 2 }}
{{- end }}
{{- end }}
