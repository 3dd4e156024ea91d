import { containerWith, type Json, podWith, reviewOf } from './admission-requests.ts';
import type { Pair } from './every-field-cases.ts';

/* For each setting of a practice two policies that differ in it alone. */

const labelled = reviewOf(podWith({}, { labels: { tier: 'web', team: 'a' }, annotations: { tier: 'web', team: 'a' } }));
const unlabelled = reviewOf(podWith());

function practice(rule: string, settings: Json): Json {
  return { mode: 'Enforce', practices: { [rule]: settings } };
}

/** Two values of one setting, the first of which the pod keeps. */
function settingPair(rule: string, review: Json, settings: readonly [one: Json, other: Json]): Pair {
  const [one, other] = settings;
  return { one: practice(rule, one), other: practice(rule, other), review };
}

/** The settings that requireLabels and requireAnnotations share. */
function metadataPairs(rule: string, keys: 'labels' | 'annotations'): readonly (readonly [string, Pair])[] {
  const pair = (review: Json, one: Json, other: Json): Pair => settingPair(rule, review, [one, other]);
  return [
    [`spec.practices.${rule}.${keys}.[]`, pair(labelled, { [keys]: ['tier'] }, { [keys]: ['zone'] })],
    [
      `spec.practices.${rule}.patterns.*.[]`,
      pair(labelled, { patterns: { tier: ['w*'] } }, { patterns: { tier: ['d*'] } }),
    ],
    [
      `spec.practices.${rule}.suggest.*`,
      pair(
        unlabelled,
        { [keys]: ['team'], suggest: { team: 'one' } },
        { [keys]: ['team'], suggest: { team: 'other' } },
      ),
    ],
  ];
}

const probed = reviewOf(podWith({ containers: [containerWith({ livenessProbe: { tcpSocket: { port: 80 } } })] }));
const kata = reviewOf(podWith({ runtimeClassName: 'kata' }));
const urgent = reviewOf(podWith({ priorityClassName: 'urgent' }));
const web = reviewOf(podWith({ serviceAccountName: 'web' }));
const inDefault = reviewOf(podWith(), { namespace: 'default' });

/** `spec.practices` of PodPolicy but for what every section has, by the path of the field. */
export const practicesPairs: ReadonlyMap<string, Pair> = new Map<string, Pair>([
  // The review of its example would be of another namespace.
  [
    'spec.practices.disallowDefaultNamespace.mode',
    settingPair('disallowDefaultNamespace', inDefault, [{ mode: 'Enforce' }, { mode: 'Warn' }]),
  ],
  [
    'spec.practices.disallowPriorityClasses.denied.[]',
    settingPair('disallowPriorityClasses', urgent, [{ denied: ['batch-*'] }, { denied: ['urg*'] }]),
  ],
  [
    'spec.practices.disallowPriorityClasses.allowed.[]',
    settingPair('disallowPriorityClasses', urgent, [
      { denied: ['*'], allowed: ['urgent'] },
      { denied: ['*'], allowed: ['batch-*'] },
    ]),
  ],
  [
    'spec.practices.disallowServiceAccountToken.allowed.[]',
    settingPair('disallowServiceAccountToken', web, [{ allowed: ['we*'] }, { allowed: ['db'] }]),
  ],
  [
    'spec.practices.readOnlyRootFilesystem.classes.[]',
    settingPair('readOnlyRootFilesystem', unlabelled, [{ classes: ['init'] }, { classes: ['regular'] }]),
  ],
  ...metadataPairs('requireAnnotations', 'annotations'),
  ...metadataPairs('requireLabels', 'labels'),
  [
    'spec.practices.requireProbes.probes.[]',
    settingPair('requireProbes', probed, [{ probes: ['liveness'] }, { probes: ['readiness'] }]),
  ],
  [
    'spec.practices.requireRuntimeClass.classes.[]',
    settingPair('requireRuntimeClass', kata, [{ classes: ['kata'] }, { classes: ['gvisor'] }]),
  ],
]);
