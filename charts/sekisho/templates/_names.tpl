{{/* What every object of the release begins with. The longest that is put behind it is -controller, and names of
     Services and Namespaces end at 63; what is cut keeps a hash, so that two long releases stay two. */}}
{{- define "sekisho.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := .Values.fullnameOverride -}}
{{- if not $full -}}
  {{- $full = ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- end -}}
{{- $full = $full | replace "." "-" -}}
{{- if gt (len $full) 52 -}}
  {{- $full = printf "%s-%s" ($full | trunc 43 | trimAll "-") (sha256sum $full | trunc 8) -}}
{{- end -}}
{{- $full -}}
{{- end }}

{{/* What an application is called in labels. */}}
{{- define "sekisho.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* The namespace into which canaries are submitted. */}}
{{- define "sekisho.canaryNamespace" -}}
{{ include "sekisho.fullname" . }}-canary
{{- end }}

{{/* dict "context" $ "component" "serve" */}}
{{- define "sekisho.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sekisho.name" .context }}
app.kubernetes.io/instance: {{ .context.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* dict "context" $ "component" "serve" */}}
{{- define "sekisho.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .context.Chart.Name .context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "sekisho.selectorLabels" . }}
app.kubernetes.io/version: {{ .context.Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
app.kubernetes.io/part-of: sekisho
{{- with .context.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The service account of `sekisho serve`. */}}
{{- define "sekisho.serveAccount" -}}
{{- default (printf "%s-serve" (include "sekisho.fullname" .)) .Values.serviceAccount.name -}}
{{- end }}

{{/* The service account of `sekisho controller`. */}}
{{- define "sekisho.controllerAccount" -}}
{{- default (printf "%s-controller" (include "sekisho.fullname" .)) .Values.controller.serviceAccount.name -}}
{{- end }}

{{/* What happens to requests that nobody answers. */}}
{{- define "sekisho.failurePolicy" -}}
{{- default (ternary "Fail" "Ignore" (eq .Values.mode "Enforce")) .Values.webhook.failurePolicy -}}
{{- end }}

{{/* The namespaces that are never judged, as JSON: only by the label that the API server sets and nobody can change. */}}
{{- define "sekisho.excludedNamespaces" -}}
{{- concat (list .Release.Namespace "kube-system") (default list .Values.webhook.excludedNamespaces) | uniq | toJson -}}
{{- end }}

{{/* The resources of workloadKinds, as JSON, each once: a kind with templates in several places has several lines. */}}
{{- define "sekisho.customResources" -}}
{{- $resources := list -}}
{{- range .Values.workloadKinds -}}
  {{- $resources = append $resources (pick . "group" "resource") -}}
{{- end -}}
{{- $resources | uniq | toJson -}}
{{- end }}

{{/* The CA of certificates.mode existing in base64, given as PEM or so already. */}}
{{- define "sekisho.caBundle" -}}
{{- $given := .Values.certificates.existing.caBundle | trim -}}
{{- if hasPrefix "-----BEGIN" $given -}}
{{- $given | b64enc -}}
{{- else -}}
{{- regexReplaceAll "\\s" $given "" -}}
{{- end -}}
{{- end }}

{{/* Whole seconds of a duration like 1h30m, rounded up. */}}
{{- define "sekisho.seconds" -}}
{{- $milliseconds := regexFind "[0-9]+ms$" . -}}
{{- $rest := trimSuffix $milliseconds . -}}
{{- $hours := regexFind "[0-9]+h" $rest | trimSuffix "h" | int64 -}}
{{- $minutes := regexFind "[0-9]+m" $rest | trimSuffix "m" | int64 -}}
{{- $seconds := regexFind "[0-9]+s" $rest | trimSuffix "s" | int64 -}}
{{- add (mul $hours 3600) (mul $minutes 60) $seconds (div (add ($milliseconds | trimSuffix "ms" | int64) 999) 1000) -}}
{{- end }}

{{/* A number of pods or a percentage, as text; empty where there is none. To templates 0 is empty, to budgets it is not. */}}
{{- define "sekisho.amount" -}}
{{- if not (kindIs "invalid" .) }}{{ toString . }}{{ end -}}
{{- end }}

{{/* Where the API server finds serve, and whom it trusts there; in mode self the controller writes that. */}}
{{- define "sekisho.clientConfig" -}}
{{- if ne .Values.certificates.mode "self" -}}
caBundle: {{ include "sekisho.caBundle" . }}
{{ end -}}
service:
  name: {{ include "sekisho.fullname" . }}
  namespace: {{ .Release.Namespace | quote }}
  path: /validate
  port: 443
{{- end }}
