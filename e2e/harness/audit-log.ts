import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../drivers/cluster.ts';
import { sharedCluster } from './case.ts';

/** The parts of an `audit.k8s.io/v1` Event that cases look at. */
export interface AuditEvent {
  readonly auditID: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly sourceIPs?: readonly string[];
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requestReceivedTimestamp: string;
}

/** Every field given must be equal. */
export interface AuditFilter {
  readonly verb?: string;
  readonly resource?: string;
  /** `''`: the object itself, no subresource. */
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly username?: string;
  /** An annotation that must be there, by its exact key. */
  readonly annotation?: string;
}

export interface AuditOptions {
  /** How many events to wait for; 0 waits the whole time and proves that there are no more. Default 1. */
  readonly atLeast?: number;
  readonly withinMs?: number;
  readonly cluster?: Cluster;
}

/** The audit events that fit, oldest first. The API server writes one just after it has answered: hence the wait. */
export async function auditEvents(filter: AuditFilter, options: AuditOptions = {}): Promise<readonly AuditEvent[]> {
  const { atLeast = 1, withinMs = atLeast === 0 ? 500 : 3_000, cluster = sharedCluster() } = options;
  if (cluster.auditLog === undefined) throw new Error('this cluster has no audit log: name it in describeCase');
  const deadline = performance.now() + withinMs;
  for (;;) {
    const events = (await readEvents(cluster.auditLog)).filter((event) => fits(event, filter));
    if ((atLeast > 0 && events.length >= atLeast) || performance.now() > deadline) return events;
    await sleep(50);
  }
}

async function readEvents(path: string): Promise<AuditEvent[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1); // the last line may be half written
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as AuditEvent]));
}

function fits(event: AuditEvent, { username, annotation, ...reference }: AuditFilter): boolean {
  const found: AuditFilter = { verb: event.verb, ...event.objectRef };
  const wanted = Object.entries(reference) as [keyof typeof reference, string][];
  return (
    (username === undefined || event.user.username === username) &&
    (annotation === undefined || Object.hasOwn(event.annotations ?? {}, annotation)) &&
    wanted.every(([field, value]) => (found[field] ?? '') === value)
  );
}
