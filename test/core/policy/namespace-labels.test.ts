import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveMinor, formatPolicyVersion, parsePolicyVersion } from '../../../src/core/pod/version.ts';
import { maySpeak } from '../../../src/core/policy/bound-rules.ts';
import { isAtLeastAsStrict, type Mode } from '../../../src/core/policy/mode.ts';
import { readPodSecurityLabels, type Standard, standardsOf } from '../../../src/core/policy/namespace-labels.ts';
import type { PodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { createPolicySet } from '../../../src/core/policy/policy-set.ts';
import { podSecurityRules } from '../../../src/core/rules/index.ts';
import { ruleVersionAt } from '../../../src/core/rules/rule.ts';
import {
  answer,
  containerSecuredWith,
  exceptionOf,
  labelled,
  occasionIn,
  podWith,
  policyOf,
  reviewOf,
  wrap,
} from '../../admission-requests.ts';
import { type LevelVersion, labelsOf, pairs, policyToEvaluate } from './pod-security-labels.ts';

const prefix = 'pod-security.kubernetes.io/';
const restricted = { [`${prefix}enforce`]: 'restricted' };

function textOf({ level, version }: Standard): string {
  return `${level}:${formatPolicyVersion(version)}`;
}

/** Every combination of what the six labels may be: 27,000. */
function* combinations(): Generator<Readonly<Record<string, string>>> {
  for (const enforce of pairs)
    for (const audit of pairs) for (const warn of pairs) yield labelsOf(enforce, audit, warn);
}

function boundIn(labels: Readonly<Record<string, string>>, policy: PodPolicy, subject: 'pod' | 'template' = 'pod') {
  const namespace = { name: 'shop', labels: new Map(Object.entries(labels)) };
  return createPolicySet({ policies: [policy], ceiling: 'Enforce' }).rulesFor(
    occasionIn('shop', { namespace, subject }),
  );
}

/** `capabilities_baseline 1.0 Enforce`, in the order in which they are asked. */
function questionsIn(labels: Readonly<Record<string, string>>, policy: PodPolicy, subject?: 'pod' | 'template') {
  return boundIn(labels, policy, subject).rules.map(({ rule, version, mode }) => `${rule.id} ${version.since} ${mode}`);
}

/** What upstream's evaluator asks: the checks of the level at the version, without those that a stronger one overrides. */
function upstreamChecks({ level, version }: LevelVersion): readonly string[] {
  const minor = effectiveMinor(parsePolicyVersion(version) ?? 'latest');
  const asked = podSecurityRules.flatMap((rule) => {
    const revision = ruleVersionAt(rule, minor);
    const wanted = level === 'restricted' || (level === 'baseline' && rule.level === 'baseline');
    return wanted && revision !== undefined ? [{ rule, revision }] : [];
  });
  const overridden = new Set(asked.flatMap(({ revision }) => revision.overrides ?? []));
  return asked
    .filter(({ rule }) => !overridden.has(rule.id))
    .map(({ rule, revision }) => `${rule.id} ${revision.since}`);
}

describe('Respect', () => {
  test.each([
    ['privileged', 'latest'],
    ['baseline', 'v1.24'],
    ['restricted', 'v1.36'],
  ])('reads all 27,000 combinations of labels as upstream does, %s:%s filling what is missing', (level, version) => {
    const pair = { level, version } as const;
    const own: Standard = { level: level as Standard['level'], version: parsePolicyVersion(version) ?? 'latest' };
    const differences: string[] = [];
    let compared = 0;
    for (const labels of combinations()) {
      const upstream = policyToEvaluate(labels, { enforce: pair, audit: pair, warn: pair });
      const read = readPodSecurityLabels(new Map(Object.entries(labels)));
      const { Enforce, Audit, Warn } = standardsOf(read, { Enforce: own, Audit: own, Warn: own });
      const wanted = [upstream.enforce, upstream.audit, upstream.warn].map((each) => `${each.level}:${each.version}`);
      compared += 1;
      if ([Enforce, Audit, Warn].map(textOf).join() !== wanted.join()) differences.push(JSON.stringify(labels));
    }
    expect(differences).toEqual([]);
    expect(compared).toBe(27_000);
  });

  test('asks in each mode what upstream asks in it, and nothing twice in one mode', () => {
    const policy = policyOf({ mode: 'Enforce', podSecurity: { level: 'privileged', namespaceLabels: 'Respect' } });
    const privileged = { level: 'privileged', version: 'latest' };
    const defaults = { enforce: privileged, audit: privileged, warn: privileged };
    const seen = new Set<string>();
    for (const labels of combinations()) {
      const { enforce, audit, warn } = policyToEvaluate(labels, defaults);
      const key = JSON.stringify([enforce, audit, warn]);
      if (seen.has(key)) continue;
      seen.add(key);
      const asked = new Map<string, Mode>();
      const { rules, exceptions } = boundIn(labels, policy);
      for (const { rule, version, mode } of rules.filter((bound) => maySpeak(bound, exceptions))) {
        expect(asked.has(`${rule.id} ${version.since}`)).toBe(false);
        asked.set(`${rule.id} ${version.since}`, mode);
      }
      const wanted = new Map<string, Mode>();
      // The strictest last: one that is asked in several modes is bound in the strictest.
      for (const check of upstreamChecks(audit)) wanted.set(check, 'Audit');
      for (const check of upstreamChecks(warn)) wanted.set(check, 'Warn');
      for (const check of upstreamChecks(enforce)) wanted.set(check, 'Enforce');
      expect([...asked].sort(), key).toEqual([...wanted].sort());
    }
    expect(seen.size).toBeGreaterThan(1_000);
  });

  test('lets a label loosen the policy, and only the mode that it names', async () => {
    const policies = [policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted', namespaceLabels: 'Respect' } })];
    const namespaces = labelled({ [`${prefix}enforce`]: 'baseline' });
    const root = podWith({ containers: [containerSecuredWith({ runAsNonRoot: false })] });
    const { response } = await answer(reviewOf(root), { policies, namespaces });
    expect(response.allowed).toBe(true);
    expect(response.warnings).toHaveLength(1);
    expect(response.auditAnnotations?.['enforce-policy']).toBe('production=baseline:latest');
  });

  test('leaves the settings and exclusions of the policy what they are', () => {
    const podSecurity = {
      level: 'privileged',
      namespaceLabels: 'Respect',
      rules: { hostPorts: { mode: 'Warn' } },
      except: [{ rules: ['hostNamespaces'] }],
    };
    const { rules } = boundIn({ [`${prefix}enforce`]: 'baseline' }, policyOf({ mode: 'Enforce', podSecurity }));
    const byId = Map.groupBy(rules, ({ rule }) => rule.id);
    expect(byId.get('hostPorts')?.map(({ mode }) => mode)).toEqual(['Warn']);
    expect(byId.get('hostNamespaces')?.map(({ mode, exclusions }) => [mode, exclusions.length])).toEqual([
      ['Enforce', 1],
    ]);
  });

  test('is never stricter than the policy', () => {
    const policy = policyOf({ mode: 'Warn', podSecurity: { level: 'privileged', namespaceLabels: 'Respect' } });
    expect(new Set(boundIn(restricted, policy).rules.map(({ mode }) => mode))).toEqual(new Set(['Warn']));
  });
});

describe('Ignore', () => {
  test('asks what the policy says, whatever the labels', () => {
    const policy = policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline', namespaceLabels: 'Ignore' } });
    expect(questionsIn(restricted, policy)).toEqual(questionsIn({}, policy));
  });
});

describe('Tighten', () => {
  const baseline = policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline' } });
  const root = podWith({ containers: [containerSecuredWith({ runAsNonRoot: false })] });

  test('is the default, and a label denies what the policy alone would allow', async () => {
    const deny = await answer(reviewOf(root), { policies: [baseline], namespaces: labelled(restricted) });
    expect(deny.findings).toMatchObject([{ policy: 'production', mode: 'Enforce', rule: { id: 'runAsNonRoot' } }]);
    expect((await answer(reviewOf(root), { policies: [baseline] })).response.allowed).toBe(true);
  });

  test('says what was enforced: the level of the policy, and that of the label', async () => {
    const enforced = async (labels: Readonly<Record<string, string>>) =>
      (await answer(reviewOf(podWith()), { policies: [baseline], namespaces: labelled(labels) })).response
        .auditAnnotations?.['enforce-policy'];
    expect(await enforced({})).toBe('production=baseline:latest');
    expect(await enforced(restricted)).toBe('production=baseline:latest+restricted:latest');
    expect(await enforced({ ...restricted, [`${prefix}enforce-version`]: 'v1.30' })).toBe(
      'production=baseline:latest+restricted:v1.30',
    );
    expect(await enforced({ [`${prefix}enforce`]: 'baseline' })).toBe('production=baseline:latest');
    expect(await enforced({ [`${prefix}audit`]: 'restricted' })).toBe('production=baseline:latest');
    expect(await enforced({ [`${prefix}enforce`]: 'strict' })).toBe('production=baseline:latest+restricted:latest');
  });

  test('warns and records in the modes of the labels', async () => {
    const namespaces = labelled({ [`${prefix}warn`]: 'restricted' });
    const { response, findings } = await answer(reviewOf(root), { policies: [baseline], namespaces });
    expect(response.allowed).toBe(true);
    expect(findings.map(({ mode }) => mode)).toEqual(['Warn']);
    const audited = await answer(reviewOf(root), {
      policies: [baseline],
      namespaces: labelled({ [`${prefix}audit`]: 'restricted' }),
    });
    expect(audited.findings.map(({ mode }) => mode)).toEqual(['Audit']);
  });

  test.each([
    ['the mode of the policy', { mode: 'Warn', podSecurity: { level: 'privileged' } }, 'pod Warn'],
    ['the mode of the section', { mode: 'Enforce', podSecurity: { level: 'privileged', mode: 'Audit' } }, 'pod Audit'],
    [
      'workloads, for a template',
      { mode: 'Enforce', podSecurity: { level: 'privileged', workloads: 'Warn' } },
      'template Warn',
    ],
  ] as const)('is never stricter than %s', (_what, spec, expected) => {
    const [subject, mode] = expected.split(' ') as ['pod' | 'template', Mode];
    const questions = questionsIn(restricted, policyOf(spec), subject);
    expect(questions.length).toBeGreaterThan(10);
    expect(questions.every((question) => question.endsWith(` ${mode}`))).toBe(true);
  });

  test('asks nothing of templates where the policy asks them nothing', () => {
    const policy = policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline', workloads: 'Ignore' } });
    expect(questionsIn(restricted, policy, 'template')).toEqual([]);
  });

  test('does not excuse the label from what is excused from the policy', async () => {
    const policy = policyOf({
      mode: 'Enforce',
      podSecurity: {
        level: 'baseline',
        rules: { hostNamespaces: { mode: 'Audit' } },
        except: [{ rules: ['privileged'] }],
      },
    });
    const pod = podWith({ hostPID: true, containers: [containerSecuredWith({ privileged: true })] });
    const findings = async (labels: Readonly<Record<string, string>>) =>
      (await answer(reviewOf(pod), { policies: [policy], namespaces: labelled(labels) })).findings.map(
        ({ rule, mode }) => `${rule.id} ${mode}`,
      );
    expect(await findings({})).toEqual(['hostNamespaces Audit']);
    expect(await findings({ [`${prefix}enforce`]: 'baseline' })).toEqual([
      'privileged Enforce',
      'hostNamespaces Enforce',
    ]);
  });

  test('lets an exception excuse the label too: the finding is under the name of the policy', async () => {
    const exception = (rule: string) =>
      exceptionOf({ policies: [{ name: 'production', rules: [rule] }], expiresAt: '2027-01-01T00:00:00Z' });
    const under = {
      policies: [baseline],
      namespaces: labelled(restricted),
      now: Date.parse('2026-12-01T00:00:00Z'),
    };
    const allowed = async (rule: string) =>
      (await answer(reviewOf(root), { ...under, exceptions: [exception(rule)] })).response.allowed;
    expect(await allowed('runAsNonRoot')).toBe(true);
    expect(await allowed('hostPorts')).toBe(false);
  });

  test('leaves no gap where an exception from a stronger rule meets the same rule asked twice', async () => {
    // The stronger rule is asked by policy and label alike, the weaker at two versions: one of each must speak.
    const policy = policyOf({ mode: 'Enforce', podSecurity: { level: 'restricted', version: 'v1.25' } });
    const pod = podWith({
      containers: [containerSecuredWith({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } })],
    });
    const rules = ['capabilities_restricted'];
    const exceptions = [exceptionOf({ policies: [{ name: 'production', rules }], expiresAt: '2027-01-01T00:00:00Z' })];
    const now = Date.parse('2026-12-01T00:00:00Z');
    const { response, findings } = await answer(reviewOf(pod), {
      policies: [policy],
      namespaces: labelled(restricted),
      exceptions,
      now,
    });
    expect(response.allowed).toBe(false);
    expect(findings.filter(({ exception }) => exception === undefined).map(({ rule }) => rule.id)).toEqual([
      'capabilities_baseline',
    ]);
  });

  test('asks nothing twice: labels of the same level and version cost nothing', () => {
    const same = { [`${prefix}enforce`]: 'baseline', [`${prefix}audit`]: 'baseline', [`${prefix}warn`]: 'baseline' };
    expect(questionsIn(same, baseline)).toEqual(questionsIn({}, baseline));
    const weaker = { [`${prefix}enforce`]: 'privileged' };
    expect(questionsIn(weaker, baseline)).toEqual(questionsIn({}, baseline));
  });

  test('tells once what breaks a rule at the version of the policy and at that of the label', async () => {
    const policy = policyOf({ mode: 'Enforce', podSecurity: { level: 'baseline', version: 'v1.24' } });
    const pod = podWith({ securityContext: { sysctls: [{ name: 'kernel.evil', value: '1' }] } });
    const namespaces = labelled({ [`${prefix}enforce`]: 'baseline' });
    expect(
      questionsIn({ [`${prefix}enforce`]: 'baseline' }, policy).filter((q) => q.startsWith('sysctls')),
    ).toHaveLength(2);
    const { findings, response } = await answer(reviewOf(pod), { policies: [policy], namespaces });
    expect(findings.map(({ rule }) => rule.id)).toEqual(['sysctls']);
    expect(response.status?.message).toContain('1 violation of policy production');
  });

  test('judges templates, which the API server itself does not deny', async () => {
    const { response } = await answer(reviewOf(wrap('Deployment', root), { kind: 'Deployment' }), {
      policies: [baseline],
      namespaces: labelled(restricted),
    });
    expect(response.allowed).toBe(false);
  });

  test('reads no label that only looks like one', () => {
    const strange = { [`${prefix}enforced`]: 'restricted', 'pod-security.kubernetes.io.evil/enforce': 'restricted' };
    expect(questionsIn({ ...strange, constructor: 'restricted' }, baseline)).toEqual(questionsIn({}, baseline));
  });
});

const mode = fc.constantFrom('Enforce', 'Warn', 'Audit');
const ruleId = fc.constantFrom(...podSecurityRules.map(({ id }) => id));
const section = fc.record(
  {
    level: fc.constantFrom('privileged', 'baseline', 'restricted'),
    version: fc.constantFrom('v1.0', 'v1.24', 'v1.34', 'latest'),
    mode,
    workloads: fc.constantFrom('Enforce', 'Warn', 'Ignore'),
    rules: fc.dictionary(ruleId, fc.record({ mode }), { maxKeys: 3 }),
    except: fc.array(fc.record({ rules: fc.array(ruleId, { minLength: 1, maxLength: 3 }) }), { maxLength: 2 }),
  },
  { requiredKeys: ['level'] },
);
const pair = fc.constantFrom(...pairs);
const labels = fc.tuple(pair, pair, pair).map(([enforce, audit, warn]) => labelsOf(enforce, audit, warn));
const spec = fc.record({ mode, podSecurity: section });
const subject = fc.constantFrom('pod', 'template');

const terrible = podWith({
  hostPID: true,
  hostNetwork: true,
  securityContext: { sysctls: [{ name: 'kernel.evil', value: '1' }], windowsOptions: { hostProcess: true } },
  volumes: [{ name: 'host', hostPath: { path: '/' } }],
  containers: [
    containerSecuredWith({ privileged: true, procMount: 'Unmasked', capabilities: { add: ['SYS_ADMIN'] } }),
    {
      name: 'b',
      image: 'x',
      ports: [{ containerPort: 80, hostPort: 80 }],
      securityContext: { seccompProfile: { type: 'Unconfined' } },
    },
  ],
});

function overrides(stronger: string, weaker: string): boolean {
  const rule = podSecurityRules.find(({ id }) => id === stronger);
  return rule?.versions.some((version) => version.overrides?.includes(weaker)) ?? false;
}

describe('whatever policy and labels', () => {
  const findingsOf = async (policy: PodPolicy, under: Readonly<Record<string, string>>, kind: string) => {
    const object = wrap(kind, terrible);
    const { findings } = await answer(reviewOf(object, { kind }), { policies: [policy], namespaces: labelled(under) });
    return findings;
  };
  const kindOf = (what: 'pod' | 'template') => (what === 'pod' ? 'Pod' : 'Deployment');

  test('Tighten is never weaker than the policy alone: each of its findings is there in a mode as strict', async () => {
    await fc.assert(
      fc.asyncProperty(spec, labels, subject, async (value, there, what) => {
        const alone = await findingsOf(policyOf(value), {}, kindOf(what));
        const tightened = await findingsOf(policyOf(value), there, kindOf(what));
        for (const { rule, path, mode: least } of alone) {
          // Where the policy excuses the stronger rule, its weaker one speaks; the label's stronger one needs no help.
          const same = tightened.filter(
            (other) =>
              overrides(other.rule.id, rule.id) || (other.rule.id === rule.id && `${other.path}` === `${path}`),
          );
          expect(same.some((other) => isAtLeastAsStrict(other.mode, least))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('Tighten finds what a second policy would that says what the labels say, at most as strictly as the first', async () => {
    await fc.assert(
      fc.asyncProperty(spec, pair, subject, async (value, enforce, what) => {
        const there = labelsOf(enforce, [undefined, undefined], [undefined, undefined]);
        const privileged = { level: 'privileged', version: 'latest' };
        const wanted = policyToEvaluate(there, { enforce: privileged, audit: privileged, warn: privileged }).enforce;
        const { workloads } = value.podSecurity;
        const second = policyOf({
          mode: value.podSecurity.mode ?? value.mode,
          podSecurity: { ...wanted, ...(workloads && { workloads }) },
        });
        const tightened = await findingsOf(policyOf(value), there, kindOf(what));
        for (const { rule, path, mode: least } of await findingsOf(second, {}, kindOf(what))) {
          const same = tightened.filter((other) => other.rule.id === rule.id && `${other.path}` === `${path}`);
          expect(same.some((other) => isAtLeastAsStrict(other.mode, least))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('no finding is told twice', async () => {
    await fc.assert(
      fc.asyncProperty(spec, labels, fc.constantFrom('Tighten', 'Respect'), async (value, there, namespaceLabels) => {
        const policy = policyOf({ ...value, podSecurity: { ...value.podSecurity, namespaceLabels } });
        const findings = await findingsOf(policy, there, 'Pod');
        const told = findings.map(
          ({ mode: as, rule, path, violation }) => `${as} ${rule.id} ${path} ${violation.message}`,
        );
        expect(new Set(told).size).toBe(told.length);
      }),
      { numRuns: 300 },
    );
  });
});
