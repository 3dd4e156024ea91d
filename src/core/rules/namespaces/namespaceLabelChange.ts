import { effectiveMinor, formatPolicyVersion } from '../../pod/version.ts';
import {
  defineNamespaceRule,
  type LabelChange,
  type LabelDemand,
  type LabelMode,
  labelModes,
} from '../namespace-rule.ts';
import type { Violation } from '../rule.ts';

/*
 * The order. A label demands a level, and the version beside it says of which year. A change lowers a demand where it
 *   1. removes the label of a level that is above privileged, or of the version beside such a level: what holds in
 *      their place is the configuration of the API server, which nobody here can read;
 *   2. leads to a weaker level: privileged < baseline < restricted;
 *   3. leads to an older version by which pods are allowed that the newer one forbids.
 * Values are read as upstream's PolicyToEvaluate reads them (api/helpers.go): a level that cannot be read is restricted
 * for enforce, privileged for audit and warn; a version that cannot be read is the latest; a missing warn is the
 * enforce's where that is stricter. A version newer than the newest known counts as that one, and so does latest. What
 * is privileged demands nothing, so nothing of it can be lowered. A newer version lowers nothing, even where the
 * standards came to allow more: it is what upgrading is.
 */

/** The versions since which a level forbids something that it had allowed. All other revisions only came to allow more. */
const tightenedIn: Readonly<Record<'baseline' | 'restricted', readonly number[]>> = {
  // seccomp in fields instead of annotations, hosts of probes
  baseline: [19, 34],
  // also allowPrivilegeEscalation, a required seccomp profile, dropped capabilities, runAsUser
  restricted: [8, 19, 22, 23, 34],
};

type Level = LabelDemand['level'];

/** Each forbids what the one before it does, and more. */
const strictness: Readonly<Record<Level, number>> = { privileged: 0, baseline: 1, restricted: 2 };

type Message = 'level' | 'version';

function* lowered({ before, after }: LabelChange): Generator<Violation<Message>> {
  const isChanged = (label: string): boolean => before.labels.get(label) !== after.labels.get(label);
  const isRemoved = (label: string): boolean => before.labels.has(label) && !after.labels.has(label);
  const violation = (label: string, message: Message, wanted: string): Violation<Message> => {
    const path = ['metadata', 'labels', label];
    return { path, message, found: after.labels.get(label), expected: { [message]: [wanted] } };
  };
  const blamed = new Set<string>();
  for (const mode of labelModes) {
    const was = before.demands[mode];
    const is = after.demands[mode];
    if (was.level === 'privileged') continue;
    // A warn that is not there follows the enforce, which then is what was changed.
    const label = isChanged(labelOf(mode)) ? labelOf(mode) : labelOf('enforce');
    const weaker = strictness[is.level] < strictness[was.level] && isChanged(label);
    if ((weaker || isRemoved(labelOf(mode))) && !blamed.has(label)) {
      blamed.add(label);
      yield violation(label, 'level', was.level);
    }
    const version = versionLabelOf(mode);
    if (is.level === 'privileged' || !isChanged(version)) continue;
    if (isRemoved(version) || isWeakerVersion(was, is)) {
      yield violation(version, 'version', formatPolicyVersion(was.version));
    }
  }
}

function labelOf(mode: LabelMode): string {
  return `pod-security.kubernetes.io/${mode}`;
}

function versionLabelOf(mode: LabelMode): string {
  return `${labelOf(mode)}-version`;
}

/** By what is left of the level: restricted forbids all that baseline does. */
function isWeakerVersion(was: LabelDemand, is: LabelDemand): boolean {
  const level = strictness[is.level] < strictness[was.level] ? is.level : was.level;
  if (level === 'privileged') return false;
  const [older, newer] = [effectiveMinor(is.version), effectiveMinor(was.version)];
  return tightenedIn[level].some((minor) => older < minor && minor <= newer);
}

export const namespaceLabelChange = defineNamespaceRule({
  id: 'namespaceLabelChange',
  severity: 'high',
  references: {},
  title: { en: 'Lowered labels of a namespace', ja: '名前空間ラベルの緩和' },
  why: {
    en: 'The pod-security.kubernetes.io labels decide what pods of a namespace may do. Whoever may edit the namespace could lower them, run what they forbid, and put them back.',
    ja: 'pod-security.kubernetes.io ラベルは、その名前空間の Pod に何が許されるかを決めます。名前空間を編集できる利用者なら、ラベルを緩め、禁止されている Pod を実行してから元に戻せてしまいます。',
  },
  fix: {
    en: 'Keep the labels, or raise them. Ask a user or group that podSecurity.labelGuard.allow of the policy names to lower them.',
    ja: 'ラベルはそのままにするか、より厳しくしてください。緩める必要がある場合は、ポリシーの podSecurity.labelGuard.allow に記載されたユーザーまたはグループに依頼してください。',
  },
  messages: {
    level: { en: 'must stay {level} or stricter', ja: '{level} かそれより厳しいレベルのままでなければなりません' },
    version: {
      en: 'must stay {version} or newer',
      ja: '{version} かそれより新しいバージョンのままでなければなりません',
    },
  },
  settings: {
    podSecurity: {
      level: 'restricted',
      labelGuard: { allow: { users: ['admin@example.com'], groups: ['system:masters'] } },
    },
  },
  check: lowered,
  examples: {
    allowed: [
      {
        before: { 'pod-security.kubernetes.io/enforce': 'baseline' },
        after: { 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
      {
        before: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'v1.30',
        },
        after: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'latest',
        },
      },
    ],
    violating: [
      {
        before: { 'pod-security.kubernetes.io/enforce': 'restricted' },
        after: { 'pod-security.kubernetes.io/enforce': 'privileged' },
        violates: ['metadata.labels[pod-security.kubernetes.io/enforce]'],
      },
      {
        before: { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted' },
        after: { 'pod-security.kubernetes.io/enforce': 'baseline' },
        violates: ['metadata.labels[pod-security.kubernetes.io/warn]'],
      },
      {
        before: { 'pod-security.kubernetes.io/enforce': 'restricted' },
        after: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'v1.20',
        },
        violates: ['metadata.labels[pod-security.kubernetes.io/enforce-version]'],
      },
    ],
  },
});
