import { SekishoError } from '../error.ts';
import { noParams } from '../rules/no-params.ts';
import type { Rule } from '../rules/rule.ts';
import type { BoundRule } from './bound-rule.ts';
import type { Mode } from './mode.ts';
import type { NamespaceView } from './namespace.ts';

/** Whose labels could not be read; the settings of the question, and one object for all policies of a namespace. */
export interface UnreadableNamespace {
  /** Absent where there was nobody to ask. */
  readonly reason?: string;
}

const nobodyToAsk: UnreadableNamespace = Object.freeze({});

const namespaceUnreadable: Rule<UnreadableNamespace> = {
  id: 'namespaceUnreadable',
  severity: 'critical',
  references: {},
  title: { en: 'Unreadable namespace', ja: '読み取れない Namespace' },
  why: {
    en: 'What the labels of the namespace ask for is unknown.',
    ja: 'Namespace のラベルが何を求めているかわかりません。',
  },
  fix: { en: 'Try again.', ja: 'もう一度お試しください。' },
  messages: {},
  params: noParams,
  versions: [{ since: '1.0', check: (_pod, _context, params) => refuse(params) }],
  examples: { allowed: [{}], violating: [{ violates: [] }] },
};

/** Thrown, because that is how a question says that it has no answer. */
function refuse({ reason }: UnreadableNamespace): never {
  if (reason === undefined) throw new SekishoError('NamespaceAssumed', 'there is no cluster to ask');
  throw new SekishoError('NamespaceUnreadable', reason);
}

/** Why a namespace is not known, to be asked by every policy that needs to know. */
export function unreadable({ labels, unavailable }: NamespaceView): UnreadableNamespace {
  return labels === undefined ? { reason: unavailable ?? 'nobody knows why' } : nobodyToAsk;
}

/** The one question of a policy that would have to know the namespace, which never has an answer: it is not "no policy". */
export function bindUnreadable(policy: string, mode: Mode, params: UnreadableNamespace): BoundRule {
  const [version] = namespaceUnreadable.versions;
  return {
    policy,
    rule: namespaceUnreadable as Rule,
    version: version as BoundRule['version'],
    params,
    mode,
    exclusions: [],
  };
}
