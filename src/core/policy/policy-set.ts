import type { Subject } from './bound-rule.ts';
import { type BoundPolicy, type BoundRules, unite } from './bound-rules.ts';
import { createExceptionBook, type ExceptionsInForce } from './exceptions.ts';
import { matchesRequest } from './matching.ts';
import type { Mode } from './mode.ts';
import type { NamespaceView } from './namespace.ts';
import type { PodPolicy } from './pod-policy.ts';
import type { PodPolicyException } from './pod-policy-exception.ts';
import { createMembers, type Place, type Sayer, sayersIn } from './policy-members.ts';

export type { BoundRules } from './bound-rules.ts';

/** What decides which policies have a say. */
export interface Occasion {
  readonly subject: Subject;
  readonly namespace: NamespaceView;
  /** Of the applied object. */
  labels(): ReadonlyMap<string, string>;
  /** Of its pod. */
  runtimeClass(): string | undefined;
  /** Whoever sends the request; undefined where nobody does. */
  readonly user: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** All policies of an installation under its ceiling. All that match apply; the strictest wins. */
export interface PolicySet {
  readonly policies: readonly PodPolicy[];
  readonly exceptions: readonly PodPolicyException[];
  readonly ceiling: Mode;
  rulesFor(occasion: Occasion): BoundRules;
}

export interface PolicySetOptions {
  readonly policies: readonly PodPolicy[];
  /** `maxMode` of the settings. */
  readonly ceiling: Mode;
  /** What is left of policies that could not be read: whatever they match gets a finding that says so. */
  readonly unread?: readonly PodPolicy[];
  readonly exceptions?: readonly PodPolicyException[];
  /** Milliseconds; an exception that ends later than that from now has no effect yet. */
  readonly maxExceptionDuration?: number;
}

export function createPolicySet(options: PolicySetOptions): PolicySet {
  const { policies, ceiling, unread = [], exceptions = [], maxExceptionDuration: maxDuration } = options;
  const names = new Set([...policies, ...unread].map(({ metadata }) => metadata.name));
  const inForce = createExceptionBook(exceptions, { policies: names, maxDuration });
  const members = createMembers({ policies, unread, ceiling });
  const memory = createMemory();
  const remember = (namespace: NamespaceView, subject: Subject, now: number): Remembered => {
    const { from, until, bound } = inForce(namespace.name, now);
    const choice = choiceAt({ namespace, subject, exceptions: bound });
    const remembered = { from, until, choice, always: choice.conditional ? undefined : choice.choose(() => true) };
    memory.views[subject].set(namespace, remembered);
    memory.spend(perView);
    return remembered;
  };
  const choiceAt = (place: Place): Choice => {
    const { key, bind } = sayersIn(members, place);
    // What is excused hangs on the name, and those who share a list must be asked the same.
    const known = key === undefined ? undefined : memory.choices.get(key);
    if (known !== undefined) return known;
    const choice = createChoice(bind(), memory.spend);
    if (key !== undefined) memory.choices.set(key, choice);
    memory.spend(key?.length ?? 0);
    return choice;
  };
  return {
    policies,
    exceptions,
    ceiling,
    rulesFor(occasion) {
      const { namespace, subject, now } = occasion;
      const known = memory.views[subject].get(namespace);
      // Also bound anew where the clock was set back: an exception that has not ended after all is in force.
      const current = known !== undefined && known.from <= now && now < known.until;
      const { always, choice } = current ? known : remember(namespace, subject, now);
      return always ?? choice.choose(({ policy }) => matchesRequest(policy, occasion));
    },
  };
}

/** What was bound for a namespace, and between which moments it holds. */
interface Remembered extends Pick<ExceptionsInForce, 'from' | 'until'> {
  readonly choice: Choice;
  /** Where only the namespace decides: the ordinary case. */
  readonly always: BoundRules | undefined;
}

/** The policies that may have a say somewhere, and what those of them ask that have one. */
interface Choice {
  /** Whether some of them hang on the request. */
  readonly conditional: boolean;
  choose(applies: (bound: BoundPolicy) => boolean): BoundRules;
}

function createChoice(sayers: readonly Sayer[], spend: (bytes: number) => void): Choice {
  const known = new Map<string, BoundRules>();
  const conditional = sayers.filter((sayer) => sayer.conditional);
  return {
    conditional: conditional.length > 0,
    choose(applies) {
      let key = '';
      for (const { bound } of conditional) key += applies(bound) ? '1' : '0';
      const there = known.get(key);
      if (there !== undefined) return there;
      const chosen = sayers.filter((sayer) => !sayer.conditional || applies(sayer.bound));
      const united = unite(chosen.map(({ bound }) => bound));
      known.set(key, united);
      spend(sizeOf(united, chosen) + key.length);
      return united;
    },
  };
}

interface Memory {
  readonly views: Readonly<Record<Subject, WeakMap<NamespaceView, Remembered>>>;
  readonly choices: Map<string, Choice>;
  spend(bytes: number): void;
}

/** Bytes, roughly: labels, users and names of namespaces are chosen by tenants, and so is what is remembered of them. */
const mostRemembered = 64 * 1024 * 1024;
const perView = 200;
const perPolicy = 100;
const perRule = 16;
/** A bound rule of its own, where it is not the one that the policy has everywhere. */
const perOwnRule = 120;

function sizeOf({ rules }: BoundRules, chosen: readonly Sayer[]): number {
  const own = chosen.reduce((sum, { bound, shared }) => sum + (shared ? 0 : bound.rules.length), 0);
  return chosen.length * perPolicy + rules.length * perRule + own * perOwnRule;
}

/** Remembers until it is full, and then starts anew. */
function createMemory(): Memory {
  const empty = () => ({ pod: new WeakMap(), template: new WeakMap() });
  let views: Memory['views'] = empty();
  const choices: Memory['choices'] = new Map();
  let spent = 0;
  return {
    get views() {
      return views;
    },
    choices,
    spend(bytes) {
      spent += bytes;
      if (spent <= mostRemembered) return;
      spent = 0;
      views = empty();
      choices.clear();
    },
  };
}
