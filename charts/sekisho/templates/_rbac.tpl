{{/* Binds a role to a service account of the same process:
     dict "context" $ "component" "serve" "account" NAME "namespace" NAME-or-empty "annotations" YAML-or-empty */}}
{{- define "sekisho.binding" -}}
{{- $kind := ternary "Role" "ClusterRole" (ne .namespace "") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ include "sekisho.fullname" .context }}-{{ .component }}
  {{- with .namespace }}
  namespace: {{ quote . }}
  {{- end }}
  labels: {{- include "sekisho.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- . | nindent 4 }}
  {{- end }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ include "sekisho.fullname" .context }}-{{ .component }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .context.Release.Namespace | quote }}
{{- end }}

{{/* The head of a role, up to its rules; as above. */}}
{{- define "sekisho.role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "Role" "ClusterRole" (ne .namespace "") }}
metadata:
  name: {{ include "sekisho.fullname" .context }}-{{ .component }}
  {{- with .namespace }}
  namespace: {{ quote . }}
  {{- end }}
  labels: {{- include "sekisho.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The webhook configuration, by name: dict "context" $ "verbs" LIST */}}
{{- define "sekisho.configurationRule" -}}
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations]
  resourceNames: [{{ include "sekisho.fullname" .context }}]
  verbs: {{ toJson .verbs }}
{{- end }}

{{/* What becomes of policies and exceptions is written into their status, and into nothing else of them. */}}
{{- define "sekisho.statusRules" -}}
- {apiGroups: [sekisho.dev], resources: [podpolicies, podpolicyexceptions], verbs: [get, list, watch]}
- {apiGroups: [sekisho.dev], resources: [podpolicies/status, podpolicyexceptions/status], verbs: [patch]}
{{- end }}

{{/* What pods are judged by. A namespace is also got by its name: a pod may come before the watch has told of it. */}}
{{- define "sekisho.sourceRules" -}}
- {apiGroups: [""], resources: [namespaces], verbs: [get, list, watch]}
- {apiGroups: [sekisho.dev], resources: [podpolicies, podpolicyexceptions], verbs: [list, watch]}
{{- end }}

{{/* Canaries: creating by dry run is creating to RBAC; the quota of the namespace lets no pod in. */}}
{{- define "sekisho.canaryRules" -}}
- {apiGroups: [""], resources: [pods], verbs: [create]}
- {apiGroups: [apps], resources: [deployments], verbs: [create]}
- {apiGroups: [batch], resources: [cronjobs], verbs: [create]}
{{- end }}
