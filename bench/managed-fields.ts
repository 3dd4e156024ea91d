/** Lists whose items the API server tells apart by these fields; all others are owned whole. */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  env: ['name'],
  ports: ['containerPort', 'protocol'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
  ownerReferences: ['uid'],
};

/** What an API server writes into `managedFields` for whoever set these fields: for most pods a third of the object. */
export function fieldsV1Of(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const owned: Record<string, unknown> = {};
  for (const [field, child] of Object.entries(value)) owned[`f:${field}`] = fieldsOf(field, child);
  return owned;
}

function fieldsOf(field: string, value: unknown): Record<string, unknown> {
  const keys = listKeys[field];
  if (keys === undefined || !Array.isArray(value)) {
    const owned = fieldsV1Of(value);
    return Object.keys(owned).length === 0 ? {} : { '.': {}, ...owned };
  }
  const owned: Record<string, unknown> = { '.': {} };
  for (const item of value as readonly Record<string, unknown>[]) {
    const key = Object.fromEntries(keys.map((name) => [name, item[name]]));
    owned[`k:${JSON.stringify(key)}`] = { '.': {}, ...fieldsV1Of(item) };
  }
  return owned;
}
