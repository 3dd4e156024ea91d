import { matchesGlob } from '../pod/glob.ts';
import type { ContainerView, ObjectReference } from '../pod/pod-view.ts';
import { podRules } from '../rules/groups.ts';
import { longestNamespace, meansNamespace } from './matching.ts';
import type { PodPolicyException } from './pod-policy-exception.ts';

/** Which exception excuses a finding. */
export interface Excuse {
  readonly name: string;
  /** `expiresAt`, where that is within seven days. */
  readonly expiring?: string;
}

/** An exception that is in force, for one rule of one policy in one namespace. */
export interface BoundException {
  readonly excuse: Excuse;
  readonly match: PodPolicyException['spec']['match'];
}

/** By the name of a policy, then by the id of a rule; those that end last come first. */
export type BoundExceptions = ReadonlyMap<string, ReadonlyMap<string, readonly BoundException[]>>;

/** Where nothing is excused. */
export const noExceptions: BoundExceptions = new Map();

/**
 * What is in force in one namespace from one moment (inclusive) to another (exclusive), in milliseconds. Where the keys
 * are equal the same is; where nothing is the key is empty.
 */
export interface ExceptionsInForce {
  readonly from: number;
  readonly until: number;
  readonly key: string;
  bind(): BoundExceptions;
}

/** What exceptions are held against. */
export interface ExceptionTerms {
  /** The names of the policies that there are. */
  readonly policies: ReadonlySet<string>;
  /** Milliseconds: `exceptions.maxDuration` of the settings; without it an exception may end whenever it likes. */
  readonly maxDuration?: number | undefined;
}

/** Whether an exception has an effect, why not, and whether it binds what runs. For status, lint and log. */
export interface Acceptance {
  readonly accepted: boolean;
  readonly reason: 'Accepted' | 'Expired' | 'UnknownPolicy' | 'UnknownRule' | 'TooLong';
  /** The names that nobody bears. */
  readonly unknown: readonly string[];
  /** Not bound to images by digest: whoever writes the object decides what it covers. */
  readonly broad: boolean;
}

const ruleIds: ReadonlySet<string> = new Set(podRules.map(({ id }) => id));

/** Judges an exception as a whole: one misspelt name and it has no effect, because nobody knows what was meant. */
export function acceptanceOf(
  exception: PodPolicyException,
  terms: ExceptionTerms & { readonly now: number },
): Acceptance {
  const { start, end } = lifeOf(exception, terms);
  const { policies, rules } = unknownNames(exception, terms.policies);
  const refused = (reason: Acceptance['reason'], unknown: readonly string[] = []): Acceptance => {
    return { accepted: reason === 'Accepted', reason, unknown, broad: isBroad(exception) };
  };
  if (!(terms.now < end)) return refused('Expired');
  if (policies.length > 0) return refused('UnknownPolicy', policies);
  if (rules.length > 0) return refused('UnknownRule', rules);
  return refused(terms.now < start ? 'TooLong' : 'Accepted');
}

/** The same as a sentence for whoever looks after the cluster. */
export function acceptanceText({ reason, unknown }: Acceptance): string {
  const names = unknown.join(', ');
  switch (reason) {
    case 'Accepted':
      return 'it has an effect';
    case 'Expired':
      return 'it has expired: remove it, or set a later spec.expiresAt';
    case 'UnknownPolicy':
      return `there is no policy ${names}: correct spec.policies`;
    case 'UnknownRule':
      return `there is no rule ${names}: correct spec.policies, sekisho explain lists the rules`;
    case 'TooLong':
      return 'it ends later than exceptions.maxDuration from now: set an earlier spec.expiresAt';
  }
}

/** Only a digest names a content: a tag can be moved, and whoever writes the object chooses everything else. */
const digest = /@sha256:[0-9a-f]{64}$/;

function isBroad({ spec: { match } }: PodPolicyException): boolean {
  return match.images === undefined || !match.images.every((image) => digest.test(image));
}

function unknownNames({ spec }: PodPolicyException, known: ReadonlySet<string>) {
  const policies = spec.policies.map(({ name }) => name).filter((name) => !known.has(name));
  const rules = spec.policies.flatMap((named) => named.rules).filter((id) => !ruleIds.has(id));
  return { policies: [...new Set(policies)], rules: [...new Set(rules)] };
}

/** How long before its end an exception says so. */
export const expiringFor = 7 * 24 * 3_600_000;

interface Life {
  /** Before it the end is too far away. */
  readonly start: number;
  readonly expiring: number;
  readonly end: number;
}

function lifeOf({ spec }: PodPolicyException, { maxDuration = Number.POSITIVE_INFINITY }: ExceptionTerms): Life {
  const end = Date.parse(spec.expiresAt);
  return { start: end - maxDuration, expiring: end - expiringFor, end };
}

const always: ExceptionsInForce = {
  from: Number.NEGATIVE_INFINITY,
  until: Number.POSITIVE_INFINITY,
  key: '',
  bind: () => noExceptions,
};

/** The exceptions of an installation, to be asked which of them are in force in a namespace at a moment. */
export function createExceptionBook(
  exceptions: readonly PodPolicyException[],
  terms: ExceptionTerms,
): (namespace: string, now: number) => ExceptionsInForce {
  const usable = exceptions
    .filter((exception) => {
      const { policies, rules } = unknownNames(exception, terms.policies);
      return policies.length + rules.length === 0;
    })
    .map((exception, index) => ({ exception, index, life: lifeOf(exception, terms) }))
    // Of several that cover a finding the one that ends last is named: with it the finding is excused for so long.
    .sort((a, b) => b.life.end - a.life.end || (a.exception.metadata.name < b.exception.metadata.name ? -1 : 1));
  return (namespace, now) => {
    const here = usable.filter(({ exception }) => isIn(exception, namespace));
    if (here.length === 0) return always;
    const inForce = here.filter(({ life }) => life.start <= now && now < life.end);
    return { ...boundsOf(here, now), key: keyOf(inForce, now), bind: () => bindExceptions(inForce, now) };
  };
}

/** Which of them, and which of those say that they end soon. */
function keyOf(inForce: readonly Usable[], now: number): string {
  return inForce.map(({ index, life }) => (isExpiring(life, now) ? `${index}!` : index)).join();
}

function isExpiring({ expiring }: Life, now: number): boolean {
  return now >= expiring;
}

/** The moments before and after now at which something changes. */
function boundsOf(usable: readonly Usable[], now: number): Pick<ExceptionsInForce, 'from' | 'until'> {
  let { from, until } = always;
  for (const { life } of usable) {
    for (const moment of [life.start, life.expiring, life.end]) {
      if (moment <= now) from = Math.max(from, moment);
      else until = Math.min(until, moment);
    }
  }
  return { from, until };
}

function isIn({ spec }: PodPolicyException, namespace: string): boolean {
  return namespace.length <= longestNamespace && meansNamespace(spec.match.namespaces, namespace);
}

interface Usable {
  readonly exception: PodPolicyException;
  /** Its own among all of the book. */
  readonly index: number;
  readonly life: Life;
}

function bindExceptions(inForce: readonly Usable[], now: number): BoundExceptions {
  const byPolicy = new Map<string, Map<string, BoundException[]>>();
  for (const { exception, life } of inForce) {
    const { metadata, spec } = exception;
    const expiring = isExpiring(life, now) ? { expiring: spec.expiresAt } : {};
    const bound: BoundException = { excuse: { name: metadata.name, ...expiring }, match: spec.match };
    for (const { name, rules } of spec.policies) {
      const byRule = byPolicy.get(name) ?? new Map<string, BoundException[]>();
      byPolicy.set(name, byRule);
      for (const rule of new Set(rules)) {
        const exceptions = byRule.get(rule);
        if (exceptions === undefined) byRule.set(rule, [bound]);
        else exceptions.push(bound);
      }
    }
  }
  return byPolicy;
}

/**
 * The one answer to whether a finding is excused: by a single exception that covers object, container and image. Never by
 * what two of them cover together: each was granted for its own reason.
 */
export function excusesOn(
  exceptions: readonly BoundException[],
  object: ObjectReference,
): (container: ContainerView | undefined) => Excuse | undefined {
  const here = exceptions.filter(({ match }) => coversObject(match, object));
  return (container) => here.find(({ match }) => coversContainer(match, container))?.excuse;
}

type Match = BoundException['match'];

function coversObject({ kinds, names }: Match, { kind, name }: ObjectReference): boolean {
  if (kinds !== undefined && !kinds.includes(kind)) return false;
  if (names === undefined) return true;
  const known = knownName(name);
  return known.length <= longestName && names.some((pattern) => matchesGlob(pattern, known));
}

/** No object has a longer one; a pattern would take seconds to be held against what a liar sends. */
const longestName = 253;

/** `maxGeneratedNameLength` of apiserver/pkg/storage/names: what is longer of a prefix is cut before five letters are drawn. */
const longestPrefix = 58;

/**
 * A name that is not drawn yet is its prefix and `*`. No pattern has another way to match that `*` than a `*` of its own
 * at its end, so a pattern matches it only if it matches every name that can be drawn.
 */
function knownName(name: string): string {
  return name.endsWith('*') && name.length > longestPrefix + 1 ? `${name.slice(0, longestPrefix)}*` : name;
}

/** What is named of containers says nothing of the pod: a finding of the pod itself is not covered. */
function coversContainer({ containers, images }: Match, container: ContainerView | undefined): boolean {
  if (containers === undefined && images === undefined) return true;
  if (container === undefined) return false;
  if (containers !== undefined && !containers.includes(container.name)) return false;
  // As it stands in the container, to the letter: two ways to write one image are two, and that errs towards refusal.
  const { image } = container.container;
  return images === undefined || (typeof image === 'string' && images.includes(image));
}
