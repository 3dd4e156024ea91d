{{/* The image: registry/repository:tag@digest, and where a digest is given it decides. */}}
{{- define "sekisho.image" -}}
{{- $registry := default .Values.image.registry (.Values.global).imageRegistry -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- .Values.image.repository -}}
{{- if or .Values.image.tag (not .Values.image.digest) }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* The fields that every pod has: dict "context" $ "account" NAME "token" BOOL */}}
{{- define "sekisho.podFields" -}}
{{- $values := .context.Values -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: {{ .token }}
enableServiceLinks: false
{{- with concat (default list ($values.global).imagePullSecrets) (default list $values.imagePullSecrets) | uniq }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Where a pod may run: dict "nodeSelector" MAP "tolerations" LIST */}}
{{- define "sekisho.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The fields that every container has, but for its arguments. */}}
{{- define "sekisho.containerFields" -}}
image: {{ include "sekisho.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.securityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraEnv }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Of a container with probes: alive as long as it answers; ready is for serve and controller to say. */}}
{{- define "sekisho.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: probes}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 120
livenessProbe:
  httpGet: {path: /livez, port: probes}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: probes}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 3
{{- end }}

{{/* The pod of a hook, which runs `sekisho controller` once:
     dict "context" $ "component" NAME "argument" "--cleanup" "settings" CONFIGMAP */}}
{{- define "sekisho.hookPod" -}}
{{- $values := .context.Values -}}
restartPolicy: Never
{{ include "sekisho.podFields" (dict "context" .context "account" (printf "%s-%s" (include "sekisho.fullname" .context) .component) "token" true) }}
{{- include "sekisho.placement" $values }}
{{- with $values.podSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: {{ .component }}
    {{- include "sekisho.containerFields" .context | nindent 4 }}
    args:
      - controller
      - --config=/etc/sekisho/settings/settings.yaml
      - {{ .argument }}
    resources: {{- toYaml $values.controller.resources | nindent 6 }}
    volumeMounts:
      - {name: settings, mountPath: /etc/sekisho/settings, readOnly: true}
      {{- with $values.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: settings
    configMap: {name: {{ .settings }}}
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
