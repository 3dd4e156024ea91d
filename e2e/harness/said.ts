import type { CheckedFinding } from './checked-manifests.ts';

/** What a webhook says of one request, apart from the text for people: all that a program can read. */
export interface Said {
  /** Empty where it was allowed. */
  readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
  readonly warnings: readonly string[];
  /** The annotation `audit-violations`. */
  readonly recorded: string;
  /** The field `findings` of its log line. */
  readonly logged: readonly unknown[];
}

interface Group {
  readonly finding: CheckedFinding;
  readonly policies: string[];
}

/** What fits: of one warning in code points, of the annotation in bytes, of causes and logged findings in items. */
const limits = { warning: 255, annotation: 4096, causes: 100, logged: 50 } as const;

/** What the webhook must say where `sekisho check` found this: the wire formats, written down a second time. */
export function saidOf(findings: readonly CheckedFinding[]): Said {
  const groups = grouped(findings);
  const of = (mode: CheckedFinding['mode']): readonly Group[] => groups.filter(({ finding }) => finding.mode === mode);
  const causes = of('Enforce').map(({ finding: { rule, message, path } }) => ({ reason: rule, message, field: path }));
  return {
    causes: causes.slice(0, limits.causes),
    warnings: of('Warn').map(sentence).map(cutWarning),
    recorded: listed([...of('Warn'), ...of('Audit')].map(sentence)),
    logged: groups.slice(0, limits.logged).map(logFields),
  };
}

function logFields({ finding: { rule, mode, path, container }, policies }: Group): unknown {
  const policy = policies.join(',');
  return { policy, rule, mode, path, ...(container === undefined ? {} : { container }) };
}

function cutWarning(text: string): string {
  const characters = [...text];
  return characters.length <= limits.warning ? text : `${characters.slice(0, limits.warning - 1).join('')}…`;
}

/** As many as fit together with the words that say how many do not. */
function listed(sentences: readonly string[]): string {
  for (let shown = sentences.length; ; shown -= 1) {
    const more = shown < sentences.length ? [`… and ${sentences.length - shown} more`] : [];
    const text = [...sentences.slice(0, shown), ...more].join('; ');
    if (Buffer.byteLength(text) <= limits.annotation) return text;
  }
}

/** The same violation found by several policies in the same mode is said once. */
function grouped(findings: readonly CheckedFinding[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.mode, finding.rule, finding.path, finding.message]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { finding, policies: [finding.policy] });
    else group.policies.push(finding.policy);
  }
  return [...groups.values()];
}

function sentence({ finding: { path, message, rule }, policies }: Group): string {
  return `${policies.slice(0, 3).join(', ')}: ${path} ${message} [${rule}]`;
}
