  - name: configmaps.sekisho.dev
    admissionReviewVersions: [v1]
    clientConfig:
      service:
        name: {{ include "sekisho.fullname" . }}
        namespace: {{ .Release.Namespace | quote }}
        path: /validate
        port: 443
    failurePolicy: Fail
    matchPolicy: Equivalent
    sideEffects: None
    namespaceSelector:
      matchLabels: { kubernetes.io/metadata.name: TENANTS }
    rules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE]
        resources: [configmaps]
        scope: Namespaced
