import { SekishoError } from '../error.ts';
import { valueAt } from '../pod/field-path.ts';
import { groupNames } from '../rules/groups.ts';
import { noParams } from '../rules/no-params.ts';
import type { Rule } from '../rules/rule.ts';
import type { BoundRule } from './bound-rule.ts';
import { compareModes, type Mode, modes, weakerMode } from './mode.ts';
import { apiGroup, apiVersion, type PodPolicy, parsePodPolicy, podPolicySchema } from './pod-policy.ts';

/**
 * Nobody knows what a policy with an unreadable mode was to do. Denying every pod for a misspelt word would be an outage
 * that nobody decided on, and Audit would hide it from those who apply; Warn tells them and lets them work.
 */
const modeWhereUnreadable: Mode = 'Warn';

/**
 * What can be kept of a document that is no valid PodPolicy: its name, its mode, and whom it matches. Undefined where
 * that much cannot be read: then nobody can say whom it was meant for.
 */
export function salvagePolicy(document: unknown): PodPolicy | undefined {
  if (!isPodPolicy(document) || hasUnknownSection(document)) return undefined;
  return frameOf(document, statedMode(document)) ?? frameOf(document, modeWhereUnreadable);
}

/** A section that is stricter than its policy is what would deny: left unread, it must not come to a line in the log. */
function statedMode(document: unknown): unknown {
  const own = valueAt(document, ['spec', 'mode']);
  const known = own === undefined ? 'Audit' : modes.find((mode) => mode === own);
  if (known === undefined) return own;
  const stated = ['podSecurity', ...groupNames].flatMap((section) => {
    return modes.find((mode) => mode === valueAt(document, ['spec', section, 'mode'])) ?? [];
  });
  const [strictest = known] = [known, ...stated].sort(compareModes);
  return strictest === known ? own : strictest;
}

/** The name that a document gives itself, whatever else is wrong with it. */
export function statedName(document: unknown): string | undefined {
  const name = valueAt(document, ['metadata', 'name']);
  return typeof name === 'string' ? name : undefined;
}

function isPodPolicy(document: unknown): boolean {
  const version = valueAt(document, ['apiVersion']);
  const ours = typeof version === 'string' && version.startsWith(`${apiGroup}/`);
  return ours && valueAt(document, ['kind']) === 'PodPolicy';
}

/** A misspelt `match` is an absent one, and that means every namespace: not what its author wanted. */
function hasUnknownSection(document: unknown): boolean {
  const { error } = podPolicySchema.safeParse(document);
  const issues = error?.issues ?? [];
  return issues.some(({ code, path }) => code === 'unrecognized_keys' && path.length === 1 && path[0] === 'spec');
}

function frameOf(document: unknown, mode: unknown): PodPolicy | undefined {
  const spec = valueAt(document, ['spec']);
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return undefined;
  const match = valueAt(spec, ['match']);
  const frame = { ...(mode !== undefined && { mode }), ...(match !== undefined && { match }) };
  const metadata = { name: statedName(document) };
  const parsed = parsePodPolicy({ apiVersion, kind: 'PodPolicy', metadata, spec: frame });
  return 'policy' in parsed ? parsed.policy : undefined;
}

/** Thrown, because that is how a question says that it has no answer; made once, so that it costs nothing to throw. */
const unread = new SekishoError('PolicyInvalid', 'the policy could not be read');

const unreadPolicy: Rule = {
  id: 'unreadPolicy',
  severity: 'critical',
  references: {},
  title: { en: 'Unread policy', ja: '読み取れないポリシー' },
  why: { en: 'What the policy forbids is unknown.', ja: 'ポリシーが何を禁止しているかわかりません。' },
  fix: { en: 'Correct the policy.', ja: 'ポリシーを修正してください。' },
  messages: {},
  params: noParams,
  versions: [{ since: '1.0', check: () => refuse() }],
  examples: { allowed: [{}], violating: [{ violates: [] }] },
};

function refuse(): never {
  throw unread;
}

/** One object, so that two unread policies are recognised as asking the same. */
const noSettings = Object.freeze({});

/**
 * An unread policy as the one question that it asks, which never has an answer. A template is asked in the policy's own
 * mode too: its pods would get no better answer.
 */
export function bindUnread({ metadata, spec }: PodPolicy, ceiling: Mode): BoundRule {
  const [version] = unreadPolicy.versions;
  const mode = weakerMode(spec.mode, ceiling);
  return { policy: metadata.name, rule: unreadPolicy, version, params: noSettings, mode, exclusions: [] };
}
