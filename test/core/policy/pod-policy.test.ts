import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { builtinPolicy } from '../../../src/core/policy/builtin-policies.ts';
import { parsePodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { policyOf } from '../../admission-requests.ts';

function issuesOf(document: unknown): readonly string[] {
  const parsed = parsePodPolicy(document);
  return 'issues' in parsed ? parsed.issues.map(({ path, message }) => `${formatFieldPath(path)}: ${message}`) : [];
}

function withSpec(spec: unknown): unknown {
  return { apiVersion: 'sekisho.dev/v1alpha1', kind: 'PodPolicy', metadata: { name: 'production' }, spec };
}

describe('a policy document', () => {
  test('has its defaults: Audit, every namespace, latest, templates enforced', () => {
    const { spec } = policyOf({ podSecurity: { level: 'baseline' } });
    expect(spec.mode).toBe('Audit');
    expect(spec.onUpdate).toBe('All');
    expect(spec.message).toBeUndefined();
    expect(spec.match.namespaces).toEqual({ include: [], exclude: [] });
    expect(spec.podSecurity).toEqual({
      level: 'baseline',
      version: 'latest',
      namespaceLabels: 'Tighten',
      workloads: 'Enforce',
      rules: {},
      except: [],
    });
  });

  test.each([
    ['an unknown field', { podSecurty: {} }, 'spec.podSecurty: is not a known field'],
    [
      'an unknown rule',
      { podSecurity: { level: 'baseline', rules: { hostPort: {} } } },
      'spec.podSecurity.rules.hostPort: is not a known field',
    ],
    ['an unknown mode', { mode: 'enforce' }, 'spec.mode: '],
    [
      'a version that does not exist',
      { podSecurity: { level: 'baseline', version: '1.30' } },
      'spec.podSecurity.version: must be latest or v1.0 to v1.37',
    ],
    ['an unknown word for updates', { onUpdate: 'New' }, 'spec.onUpdate: '],
    ['a missing level', { podSecurity: {} }, 'spec.podSecurity.level: '],
    [
      'a pattern that can match nothing',
      { match: { namespaces: { include: ['Team/*'] } } },
      'spec.match.namespaces.include[0]: must be the name of a namespace',
    ],
    [
      'a setting that a rule does not have',
      { podSecurity: { level: 'baseline', rules: { hostPorts: { max: 3 } } } },
      'spec.podSecurity.rules.hostPorts.max: is not a known field',
    ],
    [
      'an excepted value of the wrong type',
      { podSecurity: { level: 'baseline', except: [{ rules: ['hostPorts'], values: ['eighty'] }] } },
      'spec.podSecurity.except[0].values[0]: the rule hostPorts cannot find such a value',
    ],
    [
      'values for a rule that has none',
      { podSecurity: { level: 'baseline', except: [{ rules: ['privileged'], values: ['x'] }] } },
      'spec.podSecurity.except[0].values[0]: the rule privileged has no values to name',
    ],
  ])('with %s names the field and the problem', (_what, spec, expected) => {
    expect(issuesOf(withSpec(spec)).join('\n')).toContain(expected);
  });

  test('of another kind, group or name is refused', () => {
    expect(issuesOf({ ...(withSpec({}) as object), kind: 'Policy' })[0]).toMatch(/^kind: /);
    expect(issuesOf({ ...(withSpec({}) as object), apiVersion: 'v1' })[0]).toMatch(/^apiVersion: /);
    expect(issuesOf({ ...(withSpec({}) as object), metadata: { name: 'Not_DNS' } })[0]).toMatch(/^metadata\.name: /);
    expect(issuesOf(null)).not.toEqual([]);
  });
});

describe('a built-in policy', () => {
  test.each(['builtin:baseline', 'builtin:restricted', 'builtin:restricted@v1.24', 'builtin:baseline@latest'])(
    '%s enforces and is called so',
    (source) => {
      const policy = builtinPolicy(source);
      expect(policy?.spec.mode).toBe('Enforce');
      expect(policy?.metadata.name).toBe(source);
    },
  );

  test.each(['builtin:privileged', 'builtin:', 'builtin:restricted@1.24', 'builtin:restricted@v1.38', 'restricted'])(
    '%s does not exist',
    (source) => {
      expect(builtinPolicy(source)).toBeUndefined();
    },
  );
});
