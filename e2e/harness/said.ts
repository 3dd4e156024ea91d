import type { CheckedFinding } from './checked-manifests.ts';

/** What a webhook says of one request, apart from the text for people: all that a program can read. */
export interface Said {
  /** Empty where it was allowed. */
  readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[];
  readonly warnings: readonly string[];
  /** The annotation `audit-violations`. */
  readonly recorded: string;
  /** The annotation `exempt`. */
  readonly exempt: string;
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
  const counting = groups.filter(({ finding }) => finding.exception === undefined);
  const of = (mode: CheckedFinding['mode']): readonly Group[] =>
    counting.filter(({ finding }) => finding.mode === mode);
  const causes = of('Enforce').map(({ finding: { rule, message, path } }) => ({ reason: rule, message, field: path }));
  return {
    causes: causes.slice(0, limits.causes),
    warnings: of('Warn').map(sentence).map(cutWarning),
    recorded: listed([...of('Warn'), ...of('Audit')].map(sentence)),
    exempt: exemptions(groups),
    logged: groups.slice(0, limits.logged).map(logFields),
  };
}

function logFields({ finding: { rule, mode, path, container, exception }, policies }: Group): unknown {
  const policy = policies.join(',');
  return {
    ...{ policy, rule, mode, path },
    ...(container === undefined ? {} : { container }),
    ...(exception === undefined ? {} : { exception: exception.name }),
  };
}

/** Exceptions in the order of what they excuse, each with its rules, each once. */
function exemptions(groups: readonly Group[]): string {
  const excused = groups.filter(({ finding }) => finding.exception !== undefined);
  const byName = Map.groupBy(excused, ({ finding }) => finding.exception?.name);
  const rulesOf = (those: readonly Group[]): string =>
    [...new Set(those.map(({ finding }) => finding.rule))].join(', ');
  return [...byName].map(([name, those]) => `${name}: ${rulesOf(those)}`).join('; ');
}

function cutWarning(text: string): string {
  const characters = [...text];
  return characters.length <= limits.warning ? text : `${characters.slice(0, limits.warning - 1).join('')}…`;
}

/** As many as fit, each together with the words that say how many would be left if it were left out. */
function listed(sentences: readonly string[]): string {
  for (const [index] of sentences.entries()) {
    const more = `… and ${sentences.length - index} more`;
    const text = [...sentences.slice(0, index + 1), more].join('; ');
    if (Buffer.byteLength(text) > limits.annotation) return [...sentences.slice(0, index), more].join('; ');
  }
  return sentences.join('; ');
}

/** The same violation found by several policies in the same mode is said once. */
function grouped(findings: readonly CheckedFinding[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.mode, finding.rule, finding.path, finding.message, finding.exception]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { finding, policies: [finding.policy] });
    else group.policies.push(finding.policy);
  }
  return [...groups.values()];
}

function sentence({ finding: { path, message, rule }, policies }: Group): string {
  return `${policies.slice(0, 3).join(', ')}: ${path} ${message} [${rule}]`;
}
