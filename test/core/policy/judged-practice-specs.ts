import type { JudgedSpec } from './judged-specs.ts';

const practice = (rule: string, settings: object): object => ({ practices: { [rule]: settings } });
const long = 'x'.repeat(318);

/** The two rules whose settings have a condition over several fields. */
function judgedOf(rule: string, keys: string): readonly JudgedSpec[] {
  const field = `spec.practices.${rule}`;
  const nothing = { field: `${field}.${keys}`, message: `requires nothing: name some in ${keys} or patterns` };
  const spec = (settings: object) => ({ kind: 'PodPolicy', spec: practice(rule, settings) }) as const;
  return [
    { what: `${rule} with keys`, ...spec({ [keys]: ['team', 'example.com/Team'] }) },
    { what: `${rule} with patterns alone`, ...spec({ patterns: { 'example.com/team': ['a*', '*'] } }) },
    { what: `${rule} with a key called constructor`, ...spec({ patterns: { constructor: ['a'] } }) },
    { what: `${rule} with nothing`, ...spec({}), refused: nothing },
    { what: `${rule} with empty settings`, ...spec({ [keys]: [], patterns: {} }), refused: nothing },
    { what: `${rule} with a suggestion for nothing`, ...spec({ suggest: { team: 'a' } }), refused: nothing },
    {
      what: `${rule} with an empty key`,
      ...spec({ patterns: { team: ['a'], '': ['a'] } }),
      refused: {
        field: `${field}.patterns`,
        place: `${field}.patterns[]`,
        message: 'must have keys of 1 to 317 characters',
      },
    },
    {
      what: `${rule} with a suggestion for a key that is too long`,
      ...spec({ [keys]: ['team'], suggest: { [long]: 'a' } }),
      refused: {
        field: `${field}.suggest`,
        place: `${field}.suggest.${long}`,
        message: 'must have keys of 1 to 317 characters',
      },
    },
  ];
}

/** What a policy may and may not require of labels and annotations. */
export const judgedPracticeSpecs: readonly JudgedSpec[] = [
  ...judgedOf('requireLabels', 'labels'),
  ...judgedOf('requireAnnotations', 'annotations'),
];
