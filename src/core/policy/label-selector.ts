import type { LabelSelector } from './match.ts';

type Requirement = LabelSelector['matchExpressions'][number];

/** Whether labels fulfil every line of a selector, as `labels.Selector` of Kubernetes' apimachinery has it. */
export function selects(selector: LabelSelector, labels: ReadonlyMap<string, string>): boolean {
  return requirementsOf(selector).every((requirement) => holds(requirement, labels));
}

/**
 * The same where only some labels are known, and of no other whether it exists: undefined where those decide. A line that
 * surely does not hold settles it, whatever the others would say.
 */
export function selectsByKnown(selector: LabelSelector, known: ReadonlyMap<string, string>): boolean | undefined {
  let sure = true;
  for (const requirement of requirementsOf(selector)) {
    if (!known.has(requirement.key)) sure = false;
    else if (!holds(requirement, known)) return false;
  }
  return sure ? true : undefined;
}

/** Whether a selector has no line: it means everything. */
export function selectsAll(selector: LabelSelector): boolean {
  return requirementsOf(selector).length === 0;
}

function requirementsOf({ matchLabels, matchExpressions }: LabelSelector): readonly Requirement[] {
  const exact = Object.entries(matchLabels).map(([key, value]): Requirement => {
    return { key, operator: 'In', values: [value] };
  });
  return [...exact, ...matchExpressions];
}

/** `Requirement.Matches`: what forbids a value or a key is fulfilled where the key is absent. */
function holds({ key, operator, values }: Requirement, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
