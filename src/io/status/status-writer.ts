import { messageOf, SekishoError } from '../../core/error.ts';
import type { ObjectStatus } from '../../core/policy/status-conditions.ts';
import type { Clock } from '../clock.ts';
import type { ClusterClient } from '../cluster/client.ts';
import { readObject } from '../cluster/object.ts';
import { refusal } from '../cluster/refusal.ts';
import { cut, type Logger } from '../log.ts';
import type { Seen, StatusKind } from './kinds.ts';

export interface StatusWriterOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  /** From 0 to 1. */
  random(): number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What is to be said of an object; undefined where it says so already. */
export type Judge<Value> = (seen: Seen<Value>) => ObjectStatus | undefined;

/** Writes what is judged of an object into its status. */
export interface StatusWriter {
  /** Answers with the object as it is then; undefined where it is gone or could not be written. Never throws. */
  write<Value>(kind: StatusKind<Value>, seen: Seen<Value>, judge: Judge<Value>): Promise<Seen<Value> | undefined>;
  /** Whether an object could not be written lately, and its time has not come again. */
  waits(kind: { readonly kind: string }, name: string): boolean;
  /** Milliseconds until the next of those; undefined: there is none. */
  nextRetry(): number | undefined;
}

/** Milliseconds between two writes, half of that to one and a half: an installation with a thousand policies is no siege. */
const writePause = 50;

/** Milliseconds before what could not be written is tried again; twice as long after every further time. */
const shortestWait = 1_000;
const longestWait = 5 * 60_000;

interface Failure {
  readonly count: number;
  readonly until: number;
  readonly reason: string;
}

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { clock, random, log, signal } = options;
  const failures = new Map<string, Failure>();
  const keyOf = ({ kind }: { readonly kind: string }, name: string): string => `${kind}/${name}`;
  const fail = (key: string, reason: string): void => {
    const before = failures.get(key);
    if (before?.reason === reason) log.debug({ object: key, reason: cut(reason) }, 'status still cannot be written');
    else log.warn({ object: key, reason: cut(reason) }, 'status cannot be written, trying again');
    const count = (before?.count ?? 0) + 1;
    const wait = Math.min(longestWait, shortestWait * 2 ** Math.min(count - 1, 16)) * (0.5 + random() / 2);
    failures.set(key, { count, reason, until: clock.monotonic() + wait });
  };
  return {
    async write(kind, seen, judge) {
      const key = keyOf(kind, seen.name);
      try {
        const written = await writeOnce(options, { kind, seen, judge });
        failures.delete(key);
        return written;
      } catch (thrown) {
        if (!signal.aborted) fail(key, messageOf(thrown));
        return undefined;
      } finally {
        await clock.sleep(writePause * (0.5 + random()), signal);
      }
    },
    waits: (kind, name) => (failures.get(keyOf(kind, name))?.until ?? 0) > clock.monotonic(),
    nextRetry() {
      const now = clock.monotonic();
      const ahead = [...failures.values()].map(({ until }) => until - now).filter((wait) => wait > 0);
      return ahead.length === 0 ? undefined : Math.min(...ahead);
    },
  };
}

interface Task<Value> {
  readonly kind: StatusKind<Value>;
  readonly seen: Seen<Value>;
  readonly judge: Judge<Value>;
}

/** So often somebody else may be faster at one object. */
const attempts = 3;

async function writeOnce<Value>(
  { client, log, signal }: StatusWriterOptions,
  { kind, seen, judge }: Task<Value>,
): Promise<Seen<Value> | undefined> {
  const place = { collection: kind.path, name: seen.name };
  let known = seen;
  for (let attempt = 1; attempt <= attempts && !signal.aborted; attempt++) {
    const status = judge(known);
    if (status === undefined) return known;
    const answer = await client.request({
      method: 'PATCH',
      path: `${kind.path}/${seen.name}/status?fieldManager=sekisho-controller`,
      contentType: 'application/merge-patch+json',
      // Refused with 409 where the object is another by now: what was judged is not what stands there.
      body: { metadata: { resourceVersion: known.version }, status },
    });
    if (answer.status === 404) return undefined;
    if (answer.status === 200) {
      known = kind.see(answer.body, known);
      // It would be written again and again.
      if (judge(known) !== undefined) throw new SekishoError('ClusterRefused', `${kind.kind}: ${notKept}`);
      const said = status.conditions.map(({ type, status: holds, reason }) => `${type}=${holds} ${reason}`);
      log.info({ kind: kind.kind, name: seen.name, conditions: said }, 'status written');
      return known;
    }
    if (answer.status !== 409) throw refusal(`patch the status of ${kind.kind} ${seen.name}`, answer);
    const object = await readObject(client, place);
    if (object === undefined) return undefined;
    known = kind.see(object, known);
  }
  return known;
}

const notKept = 'the API server did not keep the status as it was written: are the CRDs of another version?';
