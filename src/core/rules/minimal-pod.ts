import type { RuleExample } from './rule.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** The smallest container that every rule of the restricted level allows at every version. */
export const minimalContainer = {
  name: 'app',
  image: 'registry.example.com/app:1.0',
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  },
} as const;

/** The smallest pod that every rule of the restricted level allows at every version; examples are patches on it. */
export const minimalPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'example', namespace: 'default' },
  spec: { containers: [minimalContainer] },
} as const;

/** The pod of an example: the minimal pod, its container patched first, then the pod. */
export function examplePod(example: RuleExample): JsonObject {
  const container = mergePatch(minimalContainer, example.container ?? {});
  return mergePatch({ ...minimalPod, spec: { containers: [container] } }, example.pod ?? {}) as JsonObject;
}

/** RFC 7396. Only ever given examples that stand in this repository: it recurses. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
