import { judgedImageSpecs } from './judged-image-specs.ts';
import { judgedPracticeSpecs } from './judged-practice-specs.ts';
import { judgedResourceSpecs } from './judged-resource-specs.ts';

/** A spec of one of our kinds, and what whoever reads it says: the strict parser, lint, and the API server with the CRD. */
export interface JudgedSpec {
  readonly what: string;
  readonly kind: 'PodPolicy' | 'PodPolicyException';
  readonly spec: object;
  /** Absent where it is accepted. */
  readonly refused?: {
    /** As the API server names it. */
    readonly field: string;
    /** The same where a file can say it more exactly. */
    readonly place?: string;
    readonly message: string;
  };
}

const inMatch = (match: object, rest: object = {}) => ({ match, ...rest });
const expression = (operator: string, values?: readonly string[]) =>
  inMatch({ namespaceSelector: { matchExpressions: [{ key: 'team', operator, ...(values && { values }) }] } });
const values = 'spec.match.namespaceSelector.matchExpressions[0].values';
const given = (operator: string) => `must be given with ${operator}`;
const leftOut = (operator: string) => `must be left out with ${operator}`;

const selectors: readonly JudgedSpec[] = [
  { what: 'In with values', kind: 'PodPolicy', spec: expression('In', ['a', '']) },
  { what: 'NotIn with values', kind: 'PodPolicy', spec: expression('NotIn', ['a']) },
  { what: 'Exists', kind: 'PodPolicy', spec: expression('Exists') },
  { what: 'DoesNotExist', kind: 'PodPolicy', spec: expression('DoesNotExist', []) },
  {
    what: 'In without values',
    kind: 'PodPolicy',
    spec: expression('In'),
    refused: { field: values, message: given('In') },
  },
  {
    what: 'NotIn with an empty list',
    kind: 'PodPolicy',
    spec: expression('NotIn', []),
    refused: { field: values, message: given('NotIn') },
  },
  {
    what: 'Exists with a value',
    kind: 'PodPolicy',
    spec: expression('Exists', ['a']),
    refused: { field: values, message: leftOut('Exists') },
  },
  {
    what: 'DoesNotExist with a value',
    kind: 'PodPolicy',
    spec: expression('DoesNotExist', ['a']),
    refused: { field: values, message: leftOut('DoesNotExist') },
  },
  {
    what: 'labels with a prefix, and without a value',
    kind: 'PodPolicy',
    spec: inMatch({ namespaceSelector: { matchLabels: { 'example.com/team': 'a', canary: '' } } }),
  },
  {
    what: 'a label whose key is none',
    kind: 'PodPolicy',
    spec: inMatch({ namespaceSelector: { matchLabels: { team: 'a', 'Example.com/team': 'a' } } }),
    refused: {
      field: 'spec.match.namespaceSelector.matchLabels',
      place: 'spec.match.namespaceSelector.matchLabels[Example.com/team]',
      message: 'must have keys of labels as its keys',
    },
  },
];

const objectSelector = { matchLabels: { tier: 'batch' } };
const beside = (field: string) => ({
  field: 'spec.match.objectSelector',
  message: `cannot stand beside ${field}: Enforce: whoever writes the object writes its labels`,
});

const objectSelectors: readonly JudgedSpec[] = [
  { what: 'an objectSelector in Warn', kind: 'PodPolicy', spec: inMatch({ objectSelector }, { mode: 'Warn' }) },
  {
    what: 'an objectSelector in the default mode, with a rule that warns',
    kind: 'PodPolicy',
    spec: inMatch({ objectSelector }, { podSecurity: { level: 'baseline', rules: { hostPorts: { mode: 'Warn' } } } }),
  },
  {
    what: 'an objectSelector in Enforce',
    kind: 'PodPolicy',
    spec: inMatch({ objectSelector }, { mode: 'Enforce' }),
    refused: beside('mode'),
  },
  {
    what: 'an objectSelector over a section that enforces',
    kind: 'PodPolicy',
    spec: inMatch({ objectSelector }, { mode: 'Warn', podSecurity: { level: 'baseline', mode: 'Enforce' } }),
    refused: beside('podSecurity.mode'),
  },
  {
    what: 'an empty objectSelector in Enforce: it means every object',
    kind: 'PodPolicy',
    spec: inMatch({ objectSelector: {} }, { mode: 'Enforce' }),
  },
  {
    what: 'an objectSelector of expressions over a rule that enforces',
    kind: 'PodPolicy',
    spec: inMatch(
      { objectSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } },
      { podSecurity: { level: 'baseline', rules: { capabilities_baseline: { mode: 'Enforce' } } } },
    ),
    refused: beside('podSecurity.rules.capabilities_baseline.mode'),
  },
];

const matchingControllers =
  'means controllers of kube-system, and so everybody whose pods they make: name others, or set allowControllers: true';
const excluding = (...exclude: readonly string[]) => inMatch({ users: { exclude } });

const users: readonly JudgedSpec[] = [
  {
    what: 'users that no controller has the name of',
    kind: 'PodPolicy',
    spec: excluding(
      'admin',
      'system:serviceaccount:kube-systems:*',
      'system:serviceaccount:argo*',
      'oidc:*',
      'system:node:*',
      'system:serviceaccount:kube-system',
      'system:serviceaccount:kube-system:',
      'system:serviceaccount:kube-system:a:*',
      'system:serviceaccount:team-*:*',
      '*@example.com',
      'System:*',
      '*:team:bot',
    ),
  },
  {
    what: 'a controller, owned up to',
    kind: 'PodPolicy',
    spec: inMatch({ users: { exclude: ['system:serviceaccount:kube-system:*'], allowControllers: true } }),
  },
  ...[
    'system:serviceaccount:kube-system:deployment-controller',
    'system:serviceaccount:kube-system:*',
    'system:serviceaccount:kube-*',
    'system:serviceaccount:*:job-controller',
    '*-controller',
    '*:kube-system:*',
    '*system:job-controller',
    'system:kube-controller-manager',
    'system:kube-*',
    'system:*manager',
    '*',
  ].map(
    (pattern): JudgedSpec => ({
      what: `a user ${pattern}`,
      kind: 'PodPolicy',
      spec: excluding('admin', pattern),
      refused: {
        field: 'spec.match.users.exclude',
        place: 'spec.match.users.exclude[1]',
        message: matchingControllers,
      },
    }),
  ),
];

const section = (podSecurity: object) => ({ podSecurity: { level: 'restricted', ...podSecurity } });
const except = (rules: readonly string[], found?: readonly unknown[]) =>
  section({ except: [{ rules, ...(found && { values: found }) }] });
const exceptValues = 'spec.podSecurity.except[0].values';

const sections: readonly JudgedSpec[] = [
  { what: 'a guard of labels that tighten', kind: 'PodPolicy', spec: section({ labelGuard: {} }) },
  {
    what: 'a guard of labels that replace the level',
    kind: 'PodPolicy',
    spec: section({ labelGuard: { allow: { users: ['admin'] } }, namespaceLabels: 'Respect' }),
  },
  {
    what: 'a guard of labels that nobody reads',
    kind: 'PodPolicy',
    spec: section({ labelGuard: {}, namespaceLabels: 'Ignore' }),
    refused: {
      field: 'spec.podSecurity.labelGuard',
      message: 'guards labels that namespaceLabels: Ignore leaves unread: say Tighten or Respect',
    },
  },
  {
    what: 'excepted values that their rules can find',
    kind: 'PodPolicy',
    spec: section({
      except: [
        { rules: ['capabilities_restricted', 'capabilities_baseline'], values: ['NET_ADMIN'] },
        { rules: ['hostPorts'], values: [80, 443], containers: ['ingress'] },
        { rules: ['privileged'] },
      ],
    }),
  },
  {
    what: 'a word as an excepted port',
    kind: 'PodPolicy',
    spec: except(['hostPorts'], [80, 'http']),
    refused: {
      field: exceptValues,
      place: `${exceptValues}[1]`,
      message: 'the rule hostPorts cannot find such a value',
    },
  },
  {
    what: 'a number as an excepted capability',
    kind: 'PodPolicy',
    spec: except(['capabilities_baseline'], [80]),
    refused: {
      field: exceptValues,
      place: `${exceptValues}[0]`,
      message: 'the rule capabilities_baseline cannot find such a value',
    },
  },
  {
    what: 'values of a rule that has none',
    kind: 'PodPolicy',
    spec: except(['privileged'], ['true']),
    refused: {
      field: exceptValues,
      place: `${exceptValues}[0]`,
      message: 'the rule privileged has no values to name: leave values out',
    },
  },
];

const excuse = {
  policies: [{ name: 'production', rules: ['hostPathVolumes'] }],
  match: { namespaces: { include: ['payments'] } },
  reason: 'vendor fix promised for Q1',
  expiresAt: '2027-01-31T00:00:00Z',
};

const exceptions: readonly JudgedSpec[] = [
  { what: 'an exception with what it must say', kind: 'PodPolicyException', spec: excuse },
  {
    what: 'an exception with all it can say, in Japanese, to a fraction of a second elsewhere',
    kind: 'PodPolicyException',
    spec: {
      ...excuse,
      match: {
        namespaces: { include: ['pay*'], exclude: ['payments-lab'] },
        kinds: ['DaemonSet'],
        names: ['legacy-*'],
        containers: ['agent'],
        images: [`ghcr.io/acme/agent@sha256:${'0'.repeat(64)}`],
      },
      reason: 'ベンダーの修正待ち',
      owner: 'team-payments',
      ticket: 'https://tracker.example/SEC-123',
      expiresAt: '2027-01-31T09:00:00.5+09:00',
    },
  },
];

/** What the rules over several fields say (`crdRule`): the words are ours wherever they are read. */
export const judgedSpecs: readonly JudgedSpec[] = [
  ...selectors,
  ...objectSelectors,
  ...users,
  ...sections,
  ...exceptions,
  ...judgedImageSpecs,
  ...judgedPracticeSpecs,
  ...judgedResourceSpecs,
];
