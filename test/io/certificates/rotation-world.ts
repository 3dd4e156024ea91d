import { encodeBundle, type WebhookState } from '../../../src/io/certificates/ca-bundle.ts';
import type { Authority, CaContent, CaState } from '../../../src/io/certificates/ca-secret.ts';
import { type Leaf, leafEnd, renewalOf, wantsLeaf } from '../../../src/io/certificates/leaf-renewal.ts';
import { createReadBack, type ReadBack } from '../../../src/io/certificates/read-back.ts';
import { nextStep } from '../../../src/io/certificates/rotation.ts';

/*
 * A cluster on a virtual clock, certificates reduced to names: two controllers that move one request at a time, three
 * replicas of which each sees Secret and configuration late, and API servers of which nobody knows how late they are.
 */

export const times = { caLifetime: 60_000_000, leafLifetime: 300_000, propagation: 60_000 } as const;
const { propagation } = times;

/** Replicas look this often; also the grain in which trust is checked. */
const grain = 5_000;

interface Version<T> {
  readonly at: number;
  readonly version: number;
  readonly value: T;
}

interface Replica {
  readonly lag: number;
  /** The last CA that it saw, also while the Secret holds none. */
  signing: Authority | undefined;
  leaf: Leaf | undefined;
  inService: boolean;
  readBack: ReadBack;
}

/** Of a Secret that nobody has filled. */
export const empty: CaState = {
  signing: undefined,
  next: undefined,
  bundle: [],
  phase: undefined,
  since: undefined,
  rotationAsked: false,
  problems: [],
};

export interface RotationWorld {
  /** Whether leaves in service are compared with the caBundles in use. */
  check: boolean;
  /** What was found wrong. */
  readonly distrusted: readonly string[];
  /** One request of a controller, or what it does between two. */
  moveKeeper(who: number): void;
  crashKeeper(who: number): void;
  restartReplica(who: number): void;
  askForRotation(): void;
  emptySecret(): void;
  /** Milliseconds. */
  sinceEmptied(): number;
  pass(milliseconds: number): void;
  /** Lets time pass with both controllers at work. */
  settle(milliseconds: number): void;
  state(): CaState;
  trusted(): readonly string[];
  /** How many CAs were ever written. */
  generations(): number;
}

export function createRotationWorld(lags: readonly number[]): RotationWorld {
  let now = Date.parse('2026-05-05T10:00:00Z');
  let made = 0;
  let generation = 1;
  let emptied = 0;
  const authorities = new Map<string, Authority>();
  const written = new Set<string>();
  const secrets: Version<CaState>[] = [{ at: 0, version: 1, value: empty }];
  const configurations: Version<readonly string[]>[] = [{ at: 0, version: 1, value: [] }];
  const distrusted = new Set<string>();

  const last = <T>(history: readonly Version<T>[]): Version<T> => history.at(-1)!;
  const seenAt = <T>(history: readonly Version<T>[], at: number): Version<T> =>
    history.findLast((version) => version.at <= at) ?? history[0]!;
  const put = (value: CaState): void => {
    secrets.push({ at: now, version: last(secrets).version + 1, value });
  };
  const webhookState = ({ version, value }: Version<readonly string[]>): WebhookState => ({
    uid: 'one',
    resourceVersion: String(version),
    generation: version,
    entries: [{ index: 0, name: 'pods.sekisho.dev', caBundle: encodeBundle(value), certificates: value }],
  });
  const issue = (): Authority => {
    const cert = `CA ${++made}\n`;
    const authority = {
      cert,
      key: 'key',
      notBefore: new Date(now - 3_600_000),
      notAfter: new Date(now + times.caLifetime),
    };
    authorities.set(cert, authority);
    return authority;
  };
  const stored = (content: CaContent, before: CaState): CaState => {
    for (const { cert } of [content.signing, content.next].filter((pair) => pair !== undefined)) written.add(cert);
    return {
      ...empty,
      signing: authorities.get(content.signing.cert),
      next: content.next && authorities.get(content.next.cert),
      bundle: content.bundle,
      phase: content.phase,
      since: new Date(now),
      rotationAsked: before.rotationAsked && !content.rotationGranted,
    };
  };

  /** As keeper.ts does it, with a pause wherever another may come in between. */
  function* keep(): Generator<undefined, never> {
    const readBack = createReadBack();
    for (;;) {
      const asked = now;
      yield;
      const configuration = last(configurations);
      const live = webhookState(configuration);
      yield;
      const secret = last(secrets);
      readBack.observe(live, now);
      const state = secret.value;
      const sinces = state.bundle.map((certificate) => readBack.since(certificate));
      const latest = sinces.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.max(a, b)), 0);
      const heldFor = latest === undefined ? undefined : asked - latest;
      const step = nextStep({ state, entries: live.entries, heldFor, now: new Date(now), times });
      yield;
      if (step.kind === 'trust') {
        if (last(configurations) === configuration) {
          configurations.push({ at: now, version: ++generation, value: step.bundle });
        }
      } else if (step.kind !== 'wait') {
        const content = step.kind === 'write' ? step.content : step.with(issue());
        yield;
        const again = last(configurations);
        yield;
        if (again === configuration && last(secrets) === secret) put(stored(content, state));
      }
    }
  }

  const keepers = [keep(), keep()];
  const replicas: Replica[] = lags.map((lag) => ({
    lag,
    signing: undefined,
    leaf: undefined,
    inService: false,
    readBack: createReadBack(),
  }));

  const look = (replica: Replica): void => {
    const signing = seenAt(secrets, now - replica.lag).value.signing ?? replica.signing;
    replica.signing = signing;
    const configuration = seenAt(configurations, now - replica.lag);
    replica.readBack.observe(webhookState(configuration), now);
    const trustedFor = (cert: string): number | undefined => {
      const since = replica.readBack.since(cert);
      return since === undefined ? undefined : now - since;
    };
    const at = new Date(now);
    if (signing !== undefined && wantsLeaf({ leaf: replica.leaf, signing, trustedFor, now: at, times })) {
      const notAfter = leafEnd(signing, at, times);
      replica.leaf = {
        issuer: signing.cert,
        notBefore: new Date(now - 3_600_000),
        notAfter,
        renewAt: renewalOf(notAfter, at),
      };
    }
    if (replica.leaf !== undefined && configuration.value.includes(replica.leaf.issuer)) replica.inService = true;
  };

  const verify = (): void => {
    const inUse = configurations.filter(({ at }, index) => {
      const until = configurations[index + 1]?.at ?? Number.POSITIVE_INFINITY;
      return until > now - propagation && at <= now;
    });
    for (const { leaf, inService, lag } of replicas) {
      if (!inService || leaf === undefined || leaf.notAfter.getTime() <= now) continue;
      const wrong = inUse.find(({ value }) => !value.includes(leaf.issuer));
      if (wrong)
        distrusted.add(`${leaf.issuer} served ${lag} ms late, ${wrong.value.join('+')} trusted`.replaceAll('\n', ''));
    }
  };

  const tick = (): void => {
    for (const replica of replicas) look(replica);
    if (world.check) verify();
  };

  const world: RotationWorld = {
    check: false,
    get distrusted() {
      return [...distrusted];
    },
    moveKeeper(who) {
      keepers[who]?.next();
      tick();
    },
    crashKeeper(who) {
      keepers[who] = keep();
    },
    restartReplica(who) {
      const replica = replicas[who]!;
      replica.signing = undefined;
      replica.leaf = undefined;
      replica.inService = false;
      replica.readBack = createReadBack();
    },
    askForRotation: () => put({ ...last(secrets).value, rotationAsked: true }),
    emptySecret() {
      emptied = now;
      put(empty);
    },
    sinceEmptied: () => now - emptied,
    pass(milliseconds) {
      for (let left = milliseconds; left > 0; left -= grain) {
        now += Math.min(grain, left);
        tick();
      }
    },
    settle(milliseconds) {
      for (let left = milliseconds; left > 0; left -= grain) {
        world.pass(grain);
        for (let moves = 0; moves < 8; moves++) for (const who of [0, 1]) world.moveKeeper(who);
      }
    },
    state: () => last(secrets).value,
    trusted: () => last(configurations).value,
    generations: () => written.size,
  };
  return world;
}
