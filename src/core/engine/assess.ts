import { type ErrorCode, messageOf, SekishoError } from '../error.ts';
import type { FieldPath } from '../pod/field-path.ts';
import { containerAt, type PodView } from '../pod/pod-view.ts';
import { type BoundRule, isExcluded } from '../policy/bound-rule.ts';
import { type AskedRules, maySpeak } from '../policy/bound-rules.ts';
import { type BoundException, type Excuse, excusesOn } from '../policy/exceptions.ts';
import type { FactRequest, FactSource, Facts } from '../rules/facts.ts';
import { noFacts } from '../rules/facts.ts';
import type { Violation } from '../rules/rule.ts';
import { createFindings, type Decision, decide, type Finding } from './decision.ts';

/** Plan, gather, evaluate, decide. Waits only when a rule needs facts; no rule of the Pod Security Standards does. */
export function assess(pod: PodView, asked: AskedRules, facts: FactSource): Decision | Promise<Decision> {
  const requests = plan(pod, asked);
  if (requests.length === 0) return evaluate(pod, asked, noFacts);
  return facts.gather(requests).then((gathered) => evaluate(pod, asked, gathered));
}

/** What has to be known before the pod can be judged, each question once. */
export function plan(pod: PodView, { rules, exceptions }: AskedRules): readonly FactRequest[] {
  let requests: Map<string, FactRequest> | undefined;
  for (const bound of askingFacts(rules)) {
    const { rule, params } = bound;
    if (rule.needs === undefined || !maySpeak(bound, exceptions)) continue;
    requests ??= new Map();
    for (const request of rule.needs(pod, params)) requests.set(request.key, request);
  }
  return requests === undefined ? [] : [...requests.values()];
}

/** The synchronous heart: asks every rule, and reports every violation for every policy that minds it. */
export function evaluate(pod: PodView, { rules, exceptions, scope }: AskedRules, facts: Facts): Decision {
  const findings = createFindings();
  let answer = noViolations;
  let asked: BoundRule | undefined;
  let excused: Set<BoundRule> | undefined;
  const ends = rules.length < manyRules ? undefined : surveyOf(rules).ends;
  for (let index = 0; index < rules.length; index++) {
    const bound = rules[index] as BoundRule;
    if (bound.silencedBy !== undefined && !excused?.has(bound.silencedBy)) {
      if (ends !== undefined && excused === undefined) index = (ends[index] ?? 0) - 1;
      continue;
    }
    // Policies often ask the same; policy-set.ts puts equal questions side by side.
    if (asked === undefined || asked.version !== bound.version || asked.params !== bound.params) {
      answer = ask(pod, bound, facts);
      asked = bound;
    }
    if (answer.violations.length === 0) {
      if (ends !== undefined) index = (ends[index] ?? 0) - 1;
      continue;
    }
    const excuseOf = excusesFrom(pod, exceptions.get(bound.policy)?.get(bound.rule.id));
    for (const violation of answer.violations) {
      if (scope !== undefined && !answer.error && !scope(bound.rule, violation)) continue;
      const finding = findingOf(pod, bound, violation);
      if (answer.error) {
        findings.add({ ...finding, rule: { ...bound.rule, messages: errorMessages }, error: true });
        continue;
      }
      const excluded = isExcluded(bound, violation, finding.container);
      const exception = excluded ? undefined : excuseOf?.(violation);
      if (!excluded) findings.add(exception === undefined ? finding : { ...finding, exception });
      if (excluded || exception !== undefined) excused = (excused ?? new Set()).add(bound);
    }
  }
  return findings.decide();
}

/** A few policies are looked through faster than looked up. */
const manyRules = 128;

/** What is the same for every pod that these rules are asked about. */
interface Survey {
  /**
   * For each rule the place of the next that asks something else, or is silenced where this one is not: what one does
   * not find its equals need not be told, and where nothing is excused all are silent that are silenced.
   */
  readonly ends: Uint32Array;
  /** Those that may want facts. */
  readonly asking: readonly BoundRule[];
}

const surveys = new WeakMap<readonly BoundRule[], Survey>();

function surveyOf(rules: readonly BoundRule[]): Survey {
  const known = surveys.get(rules);
  if (known !== undefined) return known;
  const ends = new Uint32Array(rules.length);
  for (let index = rules.length - 1; index >= 0; index--) {
    const [bound, next] = [rules[index], rules[index + 1]];
    const same = next !== undefined && bound?.version === next.version && bound.params === next.params;
    const alike = same && (bound.silencedBy === undefined) === (next.silencedBy === undefined);
    ends[index] = alike ? (ends[index + 1] ?? 0) : index + 1;
  }
  const survey = { ends, asking: rules.filter(({ rule }) => rule.needs !== undefined) };
  surveys.set(rules, survey);
  return survey;
}

function askingFacts(rules: readonly BoundRule[]): readonly BoundRule[] {
  return rules.length < manyRules ? rules : surveyOf(rules).asking;
}

/** What excuses a violation of a rule; undefined where nothing can. */
function excusesFrom(
  pod: PodView,
  exceptions: readonly BoundException[] | undefined,
): ((violation: Violation) => Excuse | undefined) | undefined {
  if (exceptions === undefined) return undefined;
  const excuseOf = excusesOn(exceptions, pod.object);
  return ({ path }) => excuseOf(containerAt(pod, path));
}

const errorMessages = {
  failed: { en: 'the rule failed: {reason}', ja: 'ルールの評価に失敗しました: {reason}' },
  unread: {
    en: 'the policy could not be read, so it cannot be told whether it allows this',
    ja: 'ポリシーを読み取れなかったため、許可されるかどうか判断できません',
  },
  namespace: {
    en: 'the namespace could not be read: {reason}',
    ja: 'Namespace を読み取れませんでした: {reason}',
  },
  assumed: {
    en: 'the labels of the namespace are not known, so it cannot be told whether the policy has a say there',
    ja: 'Namespace のラベルがわからないため、ポリシーが適用されるかどうか判断できません',
  },
  malformed: { en: 'the pod cannot be read: {reason}', ja: 'Pod を読み取れません: {reason}' },
} as const;

interface Answer {
  readonly violations: readonly Violation[];
  readonly error: boolean;
}

const noViolations: Answer = { violations: [], error: false };

/** More than any pod has that Kubernetes could run. Each may be excused, so none can be left out unseen. */
const mostViolations = 20_000;

/** A rule that throws is a finding, never a pass, and never hides what the other rules find. */
function ask(pod: PodView, bound: BoundRule, facts: Facts): Answer {
  try {
    let violations: Violation[] | undefined;
    const report = (violation: Violation): undefined => {
      if (violations === undefined) violations = [violation];
      else if (violations.push(violation) > mostViolations) throw new Error(`more than ${mostViolations} violations`);
    };
    bound.version.check(pod, { report, facts }, bound.params);
    return violations === undefined ? noViolations : { violations, error: false };
  } catch (thrown) {
    const code: ErrorCode | undefined = thrown instanceof SekishoError ? thrown.code : undefined;
    const known = code && questionsWithoutAnswer[code];
    return { violations: [errorViolation(known ?? 'failed', messageOf(thrown))], error: true };
  }
}

/** What is said of questions that exist only to say that they have no answer. */
const questionsWithoutAnswer: Readonly<Partial<Record<ErrorCode, keyof typeof errorMessages>>> = {
  PolicyInvalid: 'unread',
  NamespaceUnreadable: 'namespace',
  NamespaceAssumed: 'assumed',
};

function errorViolation(message: keyof typeof errorMessages, reason: string): Violation {
  return { path: [], message, expected: { reason: [reason] } };
}

function findingOf(pod: PodView, { policy, mode, rule, params }: BoundRule, violation: Violation): Finding {
  const inside = pod.path.length > 0 && violation.at === undefined;
  const path: FieldPath = inside ? [...pod.path, ...violation.path] : violation.path;
  const container = containerAt(pod, violation.path)?.name;
  return container === undefined
    ? { policy, mode, rule, params, violation, path }
    : { policy, mode, rule, params, violation, path, container };
}

/** An object whose pod cannot be read breaks every rule that would have been asked: one finding for each policy. */
export function decideMalformed(reason: string, rules: readonly BoundRule[]): Decision {
  const strictest = new Map<string, BoundRule>();
  for (const bound of rules) {
    const known = strictest.get(bound.policy);
    if (known === undefined || bound.mode === 'Enforce') strictest.set(bound.policy, bound);
  }
  const violation = errorViolation('malformed', reason);
  const rule = { id: 'malformedPod', severity: 'critical', messages: errorMessages } as const;
  const error = true;
  return decide(
    [...strictest.values()].map(({ policy, mode }) => ({ policy, mode, rule, violation, path: [], error })),
  );
}
