import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { newestMinor } from '../../../src/core/pod/version.ts';
import { podViewOf, workloadOfKind } from '../../../src/core/pod/workload.ts';
import { noStandards, readPodSecurityLabels, standardsOf } from '../../../src/core/policy/namespace-labels.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { namespaceRules, podSecurityRules } from '../../../src/core/rules/index.ts';
import { examplePod } from '../../../src/core/rules/minimal-pod.ts';
import type { LabelReading } from '../../../src/core/rules/namespace-rule.ts';
import { namespaceLabelChange } from '../../../src/core/rules/namespaces/namespaceLabelChange.ts';
import { ruleVersionAt, violationsOf } from '../../../src/core/rules/rule.ts';

type Labels = Readonly<Record<string, string>>;

const prefix = 'pod-security.kubernetes.io/';

function reading(labels: Labels): LabelReading {
  const map = new Map(Object.entries(labels).map(([key, value]) => [prefix + key, value]));
  const { Enforce: enforce, Audit: audit, Warn: warn } = standardsOf(readPodSecurityLabels(map), noStandards);
  return { labels: map, demands: { enforce, audit, warn } };
}

/** The labels that a change lowers, and what each must stay: `enforce: restricted`. */
function lowered(before: Labels, after: Labels): readonly string[] {
  const change = { before: reading(before), after: reading(after) };
  return [...namespaceLabelChange.check(change)].map(({ path, message, expected, found }) => {
    const label = String(path.at(-1)).slice(prefix.length);
    expect([path.slice(0, 2), found]).toEqual([['metadata', 'labels'], after[label]]);
    return `${label}: ${expected?.[message]?.join()}`;
  });
}

const levels = ['privileged', 'baseline', 'restricted'] as const;
const known = new Map<string, number>(levels.map((level, index) => [level, index]));
const strictness = (value: string | undefined, unreadable: number): number =>
  value === undefined ? 0 : (known.get(value) ?? unreadable);

describe('namespaceLabelChange', () => {
  test('is no rule that pods are asked', () => {
    expect(namespaceRules).toEqual([namespaceLabelChange]);
    expect(podSecurityRules.map(({ id }) => id)).not.toContain('namespaceLabelChange');
  });

  test('its examples are what they say', () => {
    const paths = (before: Labels, after: Labels): readonly string[] => {
      const strip = (labels: Labels) =>
        Object.fromEntries(Object.entries(labels).map(([key, value]) => [key.slice(prefix.length), value]));
      const change = { before: reading(strip(before)), after: reading(strip(after)) };
      return [...namespaceLabelChange.check(change)].map(({ path }) => formatFieldPath(path));
    };
    for (const { before, after } of namespaceLabelChange.examples.allowed) expect(paths(before, after)).toEqual([]);
    for (const { before, after, violates } of namespaceLabelChange.examples.violating) {
      expect(paths(before, after)).toEqual(violates);
    }
  });

  const values = [undefined, 'privileged', 'baseline', 'restricted', 'Restricted'] as const;
  const modes = [
    ['enforce', 2],
    ['audit', 0],
    ['warn', 0],
  ] as const;
  const table = modes.flatMap(([mode, unreadable]) =>
    values.flatMap((before) => values.map((after) => ({ mode, before, after, unreadable }))),
  );

  test.each(table)('$mode from $before to $after', ({ mode, before, after, unreadable }) => {
    const was = strictness(before, unreadable);
    const weaker = was > 0 && strictness(after, unreadable) < was;
    // A warn of its own, which follows no enforce.
    const warn = mode === 'enforce' ? { warn: 'restricted' } : {};
    const of = (value: string | undefined): Labels => (value === undefined ? warn : { ...warn, [mode]: value });
    expect(lowered(of(before), of(after))).toEqual(weaker ? [`${mode}: ${levels[was]}`] : []);
  });

  const versions = ['v1.0', 'v1.7', 'v1.8', 'v1.18', 'v1.19', 'v1.22', 'v1.23', 'v1.33', 'v1.34', 'v1.37', 'latest'];
  const minorOf = (version: string): number => (version === 'latest' ? newestMinor : Number(version.slice(3)));
  const tightened = { privileged: [], baseline: [19, 34], restricted: [8, 19, 22, 23, 34] } as const;
  const pairs = versions.flatMap((before) => versions.map((after) => [before, after] as const));

  test.each(levels)('%s: an older version is weaker where a version between forbade something more', (level) => {
    for (const [before, after] of pairs) {
      const weaker = tightened[level].some((minor) => minorOf(after) < minor && minor <= minorOf(before));
      const found = lowered(
        { enforce: level, 'enforce-version': before },
        { enforce: level, 'enforce-version': after },
      );
      expect([before, after, ...found]).toEqual([before, after, ...(weaker ? [`enforce-version: ${before}`] : [])]);
    }
  });

  test('level and version together: what is stricter by level may be weaker by version', () => {
    const from = { enforce: 'baseline', 'enforce-version': 'v1.36' };
    const to = (level: string, version: string): Labels => ({ enforce: level, 'enforce-version': version });
    expect(lowered(from, to('restricted', 'v1.36'))).toEqual([]);
    expect(lowered(from, to('restricted', 'v1.20'))).toEqual(['enforce-version: v1.36']);
    expect(lowered(to('restricted', 'v1.36'), to('baseline', 'v1.36'))).toEqual(['enforce: restricted']);
    expect(lowered(to('restricted', 'v1.36'), to('baseline', 'v1.23'))).toEqual([
      'enforce: restricted',
      'enforce-version: v1.36',
    ]);
    // v1.22 and v1.23 tightened restricted alone, of which nothing is left.
    expect(lowered(to('restricted', 'v1.33'), to('baseline', 'v1.20'))).toEqual(['enforce: restricted']);
    expect(lowered(to('restricted', 'v1.36'), to('privileged', 'v1.0'))).toEqual(['enforce: restricted']);
  });

  test('the versions that tightened are those at which an example of some rule came to be denied', () => {
    const pods = podSecurityRules.flatMap(({ examples }) =>
      [...examples.violating, ...examples.allowed].map(examplePod),
    );
    const denied = (level: 'baseline' | 'restricted', minor: number, pod: unknown): boolean =>
      podSecurityRules.some((rule) => {
        if (level === 'baseline' && rule.level !== 'baseline') return false;
        const workload = workloadOfKind('v1', 'Pod');
        const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'example' };
        const view = workload && podViewOf(pod, workload, reference);
        const version = ruleVersionAt(rule, minor);
        if (view === undefined || version === undefined) return false;
        return violationsOf(version, { pod: view, params: {}, facts: noFacts }).length > 0;
      });
    for (const level of ['baseline', 'restricted'] as const) {
      const minors = Array.from({ length: newestMinor }, (_, index) => index + 1);
      const found = minors.filter((minor) =>
        pods.some((pod) => denied(level, minor, pod) && !denied(level, minor - 1, pod)),
      );
      expect([level, ...found]).toEqual([level, ...tightened[level]]);
    }
  });

  test('removing the version beside a level that demands something is lowering, beside privileged it is not', () => {
    expect(lowered({ enforce: 'baseline', 'enforce-version': 'v1.30' }, { enforce: 'baseline' })).toEqual([
      'enforce-version: v1.30',
    ]);
    expect(lowered({ enforce: 'privileged', 'enforce-version': 'v1.30' }, { enforce: 'privileged' })).toEqual([]);
    expect(lowered({ 'enforce-version': 'v1.30' }, {})).toEqual([]);
  });

  test('a version that cannot be read is the latest, so it lowers nothing', () => {
    const of = (version: string): Labels => ({ enforce: 'restricted', 'enforce-version': version });
    expect(lowered(of('v1.30'), of('1.0'))).toEqual([]);
    expect(lowered(of('1.0'), of('v1.20'))).toEqual(['enforce-version: latest']);
    expect(lowered(of('latest'), of('v1.99999999999'))).toEqual([]);
  });

  test('a version that is added pins what was the latest', () => {
    expect(lowered({ enforce: 'baseline' }, { enforce: 'baseline', 'enforce-version': 'v1.20' })).toEqual([
      'enforce-version: latest',
    ]);
    expect(lowered({ enforce: 'baseline' }, { enforce: 'baseline', 'enforce-version': 'v1.36' })).toEqual([]);
  });

  test('a warn label that is added below the enforce that it followed is lowering', () => {
    expect(lowered({ enforce: 'restricted' }, { enforce: 'restricted', warn: 'baseline' })).toEqual([
      'warn: restricted',
    ]);
    expect(lowered({ enforce: 'restricted' }, { enforce: 'restricted', warn: 'restricted' })).toEqual([]);
  });

  test('an enforce that cannot be read takes away the warn that followed it, and is blamed for that', () => {
    expect(lowered({ enforce: 'restricted' }, { enforce: 'nonsense' })).toEqual(['enforce: restricted']);
    expect(lowered({ enforce: 'restricted', warn: 'restricted' }, { enforce: 'nonsense', warn: 'restricted' })).toEqual(
      [],
    );
  });

  test('every label that is lowered is named once, in the order enforce, audit, warn', () => {
    const all = (level: string, version: string): Labels =>
      Object.fromEntries(
        ['enforce', 'audit', 'warn'].flatMap((mode) => [
          [mode, level],
          [`${mode}-version`, version],
        ]),
      );
    expect(lowered(all('restricted', 'v1.36'), {})).toEqual([
      'enforce: restricted',
      'audit: restricted',
      'warn: restricted',
    ]);
    expect(lowered(all('restricted', 'v1.36'), all('baseline', 'v1.0'))).toEqual([
      'enforce: restricted',
      'enforce-version: v1.36',
      'audit: restricted',
      'audit-version: v1.36',
      'warn: restricted',
      'warn-version: v1.36',
    ]);
  });
});
