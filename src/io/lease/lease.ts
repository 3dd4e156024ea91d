/** Where a Lease is. The chart makes it, empty: we may only get and update it. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** What a `coordination.k8s.io/v1` Lease says about who holds it. */
export interface LeaseRecord {
  /** Empty: nobody. */
  readonly holder: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions: number;
}

/** A Lease as the API server gave it, with everything that is not ours to change. */
export interface LeaseObject {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export function leasePath({ namespace, name }: LeaseName): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
}

/** The answer of the API server; undefined where it is no object with metadata. */
export function parseLease(body: unknown): LeaseObject | undefined {
  return isObject(body) && isObject(body['metadata']) ? (body as LeaseObject) : undefined;
}

/** Fields of a wrong type count as absent: a lease that nobody can read must not stay held for ever. */
export function recordOf(lease: LeaseObject): LeaseRecord {
  const spec = isObject(lease['spec']) ? lease['spec'] : {};
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = spec;
  return {
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    ...(isCount(leaseDurationSeconds) && leaseDurationSeconds > 0 ? { leaseDurationSeconds } : {}),
    ...(typeof acquireTime === 'string' ? { acquireTime } : {}),
    ...(typeof renewTime === 'string' ? { renewTime } : {}),
    leaseTransitions: isCount(leaseTransitions) ? leaseTransitions : 0,
  };
}

/** The same Lease with another record; its resourceVersion stays and fences the write. */
export function withRecord(lease: LeaseObject, { holder, ...rest }: LeaseRecord): LeaseObject {
  return { ...lease, spec: { holderIdentity: holder, ...rest } };
}

/** `MicroTime` of Kubernetes' `meta/v1`: exactly six digits after the point. */
export function formatMicroTime(moment: Date): string {
  return moment.toISOString().replace(/Z$/, '000Z');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
