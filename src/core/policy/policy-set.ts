import type { Subject } from './bound-rule.ts';
import { type BoundPolicy, type BoundRules, unite } from './bound-rules.ts';
import { type BoundExceptions, createExceptionBook, type ExceptionsInForce } from './exceptions.ts';
import { matchesRequest } from './matching.ts';
import type { Mode } from './mode.ts';
import type { NamespaceView } from './namespace.ts';
import type { PodPolicy } from './pod-policy.ts';
import type { PodPolicyException } from './pod-policy-exception.ts';
import { createMembers, type Sayer, type Sayers, sayersIn } from './policy-members.ts';

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
    const { from, until, ...granted } = inForce(namespace.name, now);
    const exceptions = exceptionsBy(granted, memory);
    const choice = choiceBy(sayersIn(members, { namespace, subject }), memory);
    const always = choice.conditional
      ? undefined
      : excusing(
          choice.choose(() => true),
          exceptions,
        );
    const remembered = { from, until, choice, exceptions, always };
    memory.views[subject].set(namespace, remembered);
    memory.spend(perView);
    return remembered;
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
      const { always, choice, exceptions: there } = current ? known : remember(namespace, subject, now);
      return (
        always ??
        excusing(
          choice.choose(({ policy }) => matchesRequest(policy, occasion)),
          there,
        )
      );
    },
  };
}

function choiceBy({ key, bind }: Sayers, memory: Memory): Choice {
  const known = memory.choices.get(key);
  if (known !== undefined) return known;
  const choice = createChoice(bind(), memory.spend);
  memory.choices.set(key, choice);
  memory.spend(key.length);
  return choice;
}

function exceptionsBy({ key, bind }: Pick<ExceptionsInForce, 'key' | 'bind'>, memory: Memory): BoundExceptions {
  const known = memory.exceptions.get(key);
  if (known !== undefined) return known;
  const bound = bind();
  memory.exceptions.set(key, bound);
  memory.spend(key.length + grantsIn(bound) * perGrant);
  return bound;
}

/** Everything but the exceptions is shared with every namespace in which the same is asked. */
function excusing(bound: BoundRules, exceptions: BoundExceptions): BoundRules {
  return exceptions.size === 0 ? bound : { ...bound, exceptions };
}

function grantsIn(exceptions: BoundExceptions): number {
  let grants = 0;
  for (const byRule of exceptions.values()) for (const granted of byRule.values()) grants += 1 + granted.length;
  return grants;
}

/** What was bound for a namespace, and between which moments it holds. */
interface Remembered extends Pick<ExceptionsInForce, 'from' | 'until'> {
  readonly choice: Choice;
  readonly exceptions: BoundExceptions;
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
  readonly exceptions: Map<string, BoundExceptions>;
  spend(bytes: number): void;
}

/** Bytes, roughly: labels, users and names of namespaces are chosen by tenants, and so is what is remembered of them. */
const mostRemembered = 64 * 1024 * 1024;
const perView = 300;
const perPolicy = 100;
const perRule = 16;
/** A bound rule of its own, where it is not the one that the policy has everywhere. */
const perOwnRule = 120;
/** An exception for a rule of a policy, or the list of those. */
const perGrant = 200;

function sizeOf({ rules }: BoundRules, chosen: readonly Sayer[]): number {
  const own = chosen.reduce((sum, { bound, shared }) => sum + (shared ? 0 : bound.rules.length), 0);
  return chosen.length * perPolicy + rules.length * perRule + own * perOwnRule;
}

/** Remembers until it is full, and then starts anew. */
function createMemory(): Memory {
  const empty = () => ({ pod: new WeakMap(), template: new WeakMap() });
  let views: Memory['views'] = empty();
  const choices: Memory['choices'] = new Map();
  const exceptions: Memory['exceptions'] = new Map();
  let spent = 0;
  return {
    get views() {
      return views;
    },
    choices,
    exceptions,
    spend(bytes) {
      spent += bytes;
      if (spent <= mostRemembered) return;
      spent = 0;
      views = empty();
      choices.clear();
      exceptions.clear();
    },
  };
}
