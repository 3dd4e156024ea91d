import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { linuxTwists, type Pod } from '../../../e2e/harness/pod-twists.ts';
import { createRandom, type Random } from '../../../e2e/harness/random.ts';
import { randomPod } from '../../../e2e/harness/random-pods.ts';
import { evaluate } from '../../../src/core/engine/assess.ts';
import type { Finding } from '../../../src/core/engine/decision.ts';
import { markPreexisting } from '../../../src/core/engine/preexisting.ts';
import { valueAt } from '../../../src/core/pod/field-path.ts';
import type { PodView } from '../../../src/core/pod/pod-view.ts';
import { podViewAt } from '../../../src/core/pod/workload.ts';
import { noExceptions } from '../../../src/core/policy/exceptions.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { hostNamespaces } from '../../../src/core/rules/podSecurity/hostNamespaces.ts';
import type { Rule } from '../../../src/core/rules/rule.ts';
import { offline } from '../../../src/io/offline.ts';
import {
  answer,
  containerSecuredWith,
  containerWith,
  type Json,
  podWith,
  policyOf,
  reviewOf,
  wrap,
} from '../../admission-requests.ts';

const restricted = { mode: 'Enforce', podSecurity: { level: 'restricted' } };
const all = [policyOf(restricted)];
const newOnly = [policyOf({ ...restricted, onUpdate: 'NewOnly' })];

const deployment = (pod: Json) => wrap('Deployment', pod);
const update = (old: Json, pod: Json, kind = 'Deployment') =>
  reviewOf(wrap(kind, pod), { kind, oldObject: wrap(kind, old) });

const privileged = (name: string, fields: Json = {}) => ({
  ...containerSecuredWith({ privileged: true, allowPrivilegeEscalation: true }, name),
  ...fields,
});
const preexistingPaths = (findings: readonly Finding[]) =>
  findings.filter(({ preexisting }) => preexisting).map(({ path }) => path.join('.'));

describe('a violation of a changed template that the old template had too', () => {
  const old = podWith({ hostPID: true, containers: [containerWith({ image: 'app:1' })] });
  const pod = podWith({ hostPID: true, containers: [containerWith({ image: 'app:2' })] });

  test('says so, and denies all the same', async () => {
    const { response, findings } = await answer(update(old, pod), { policies: all });
    expect(response.allowed).toBe(false);
    expect(preexistingPaths(findings)).toEqual(['spec.template.spec.hostPID']);
    const [, line, remark] = response.status?.message.split('\n') ?? [];
    expect(line).toMatch(/hostPID {2}is true, must be unset or false \(preexisting\) +\[hostNamespaces\]$/);
    expect(remark).toBe('  preexisting: the old template has it too, but pods of the new one would be refused');
    expect(response.status?.details?.causes).toEqual([
      {
        reason: 'hostNamespaces',
        field: 'spec.template.spec.hostPID',
        message: 'is true, must be unset or false (preexisting)',
      },
    ]);
  });

  test('says so in Japanese', async () => {
    const { response } = await answer(update(old, pod), { policies: all, locale: 'ja' });
    expect(response.status?.message).toContain('（変更前から）');
    expect(response.status?.message).toContain('\n  変更前から: 元のテンプレートにもありますが');
  });

  test('is admitted under onUpdate: NewOnly, with a warning that its pods will be refused', async () => {
    const { response, findings } = await answer(update(old, pod), { policies: newOnly });
    expect(response.allowed).toBe(true);
    expect(response.warnings).toEqual([
      'admitted, but its pods will be refused: production: spec.template.spec.hostPID is true, must be unset or false (preexisting) [hostNamespaces]',
    ]);
    expect(findings).toMatchObject([{ mode: 'Warn', preexisting: true, letThrough: true }]);
    expect(response.auditAnnotations?.['audit-violations']).toContain('(preexisting)');
  });

  test('is not named where the object is new, nor in a pod', async () => {
    for (const review of [reviewOf(deployment(pod), { kind: 'Deployment' }), update(old, pod, 'Pod')]) {
      const { response, findings } = await answer(review, { policies: newOnly });
      expect(response.allowed).toBe(false);
      expect(preexistingPaths(findings)).toEqual([]);
      expect(response.status?.message).not.toContain('preexisting');
    }
  });

  test('in a policy that audits is recorded as such, and nobody is warned', async () => {
    const { response } = await answer(update(old, pod), { policies: newOnly, ceiling: 'Audit' });
    expect(response).toMatchObject({ allowed: true });
    expect(response.warnings).toBeUndefined();
    expect(response.auditAnnotations?.['audit-violations']).toContain('(preexisting)');
  });

  test('cannot be claimed by an old template that cannot be read', async () => {
    for (const oldObject of [{}, { spec: { template: { spec: 5 } } }, 'x', { spec: { template: null } }]) {
      const review = reviewOf(deployment(pod), { kind: 'Deployment', oldObject });
      const { response, findings } = await answer(review, { policies: newOnly });
      expect(response.allowed).toBe(false);
      expect(preexistingPaths(findings)).toEqual([]);
    }
  });
});

describe('a new violation under onUpdate: NewOnly', () => {
  const old = podWith({ hostPID: true });
  const pod = podWith({ hostPID: true, hostNetwork: true });

  test('denies, alone: the other is a warning that promises nothing', async () => {
    const { response } = await answer(update(old, pod), { policies: newOnly });
    expect(response.status?.message).toMatch(/^Deployment shop\/web: 1 violation of policy production\n.*hostNetwork /);
    expect(response.warnings).toEqual([
      expect.stringMatching(/^production: spec\.template\.spec\.hostPID .*preexisting/),
    ]);
  });

  test('is repaired without a word on the other', async () => {
    const { response } = await answer(update(old, pod), { policies: newOnly });
    expect(response.status?.message).toContain(
      'These changes satisfy 1 of 1:\n  spec: {template: {spec: {hostNetwork: null}}}',
    );
  });

  test('denies where another policy minds all', async () => {
    const policies = [...newOnly, policyOf(restricted, 'strict')];
    const { response } = await answer(update(old, pod), { policies });
    expect(response.status?.message).toMatch(/^Deployment shop\/web: 2 violations of policies production, strict\n/);
    expect(
      (await answer(update(old, podWith({ hostPID: true }, { labels: { a: 'b' } })), { policies })).response.allowed,
    ).toBe(false);
  });

  test('is one with another value or in another container; an old one that moved in its list is not', async () => {
    const capable = (add: readonly string[], name = 'app') =>
      podWith({ containers: [containerSecuredWith({ capabilities: { drop: ['ALL'], add } }, name)] });
    const allowed = async (before: Json, after: Json) =>
      (await answer(update(before, after), { policies: newOnly })).response.allowed;
    expect(await allowed(capable(['SYS_ADMIN']), capable(['NET_RAW']))).toBe(false);
    expect(await allowed(capable(['SYS_ADMIN']), capable(['SYS_ADMIN'], 'other'))).toBe(false);
    expect(await allowed(capable(['SYS_ADMIN']), capable(['NET_BIND_SERVICE', 'SYS_ADMIN']))).toBe(true);
    expect(await allowed(capable(['SYS_ADMIN']), capable(['SYS_ADMIN', 'NET_RAW']))).toBe(false);
  });

  test('hides behind no other container: names count, not places', async () => {
    const moved = (...containers: readonly Json[]) => podWith({ containers });
    const swapped = update(
      moved(privileged('a'), containerWith({}, 'b')),
      moved(containerWith({}, 'b'), privileged('a')),
    );
    const stolen = update(
      moved(privileged('a'), containerWith({}, 'b')),
      moved(containerWith({}, 'a'), privileged('b')),
    );
    expect((await answer(swapped, { policies: newOnly })).response.allowed).toBe(true);
    expect((await answer(stolen, { policies: newOnly })).response.allowed).toBe(false);
  });
});

test('more findings than are kept let nothing through', async () => {
  const containers = Array.from({ length: 3_000 }, (_, index) => privileged(`c${index}`));
  const review = update(podWith({ containers }), podWith({ containers }, { labels: { a: 'b' } }));
  const { response, findings } = await answer(review, { policies: newOnly });
  expect(response.allowed).toBe(false);
  expect(findings.some(({ letThrough }) => letThrough)).toBe(false);
});

describe('a rule of one field', () => {
  const text = { en: 'wrong', ja: '誤り' };
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
  const viewOf = (name: string): PodView => podViewAt(podWith({}, { name }), ['spec', 'template'], reference);
  const marks = (check: Rule['versions'][0]['check']) => {
    const [pod, old] = [viewOf('new'), viewOf('old')];
    const rule = {
      ...hostNamespaces,
      messages: { first: text, second: text },
      versions: [{ since: '1.0', check }],
    } as const;
    const bound = {
      policy: 'production',
      rule,
      version: rule.versions[0],
      params: {},
      mode: 'Enforce',
      exclusions: [],
    } as const;
    const asked = { rules: [bound], exceptions: noExceptions };
    const rules = { ...asked, enforced: '', messages: new Map(), newOnly: new Set(['production']) };
    const decision = evaluate(pod, asked, noFacts);
    const marked = markPreexisting(decision, { pod, readOld: () => old, bound: rules, ...offline });
    if (marked instanceof Promise) throw new Error('nothing is to be waited for');
    return marked;
  };
  const isOld = ({ metadata }: PodView) => valueAt(metadata, ['name']) === 'old';

  test('that says something else of the same field and value found something new', () => {
    const marked = marks((pod, { report }) => {
      report({ path: ['spec', 'x'], message: isOld(pod) ? 'first' : 'second', found: 1 });
    });
    expect(marked).toMatchObject({ allowed: false, findings: [{ mode: 'Enforce' }] });
    const same = marks((_pod, { report }) => report({ path: ['spec', 'x'], message: 'first', found: { a: 1, b: [] } }));
    expect(same.allowed).toBe(true);
  });

  test('compares values whatever the order of their fields, and text never with a number', () => {
    const found = (old: unknown, now: unknown) =>
      marks((pod, { report }) => {
        report({ path: ['spec', 'x'], message: 'first', found: isOld(pod) ? old : now });
      }).allowed;
    expect(found({ a: 1, b: ['x'] }, { b: ['x'], a: 1 })).toBe(true);
    expect(found('1', 1)).toBe(false);
    expect(found(undefined, null)).toBe(false);
    expect(found(['a,b'], ['a', 'b'])).toBe(false);
    expect(found({ a: 'b' }, ['a', 'b'])).toBe(false);
  });

  test('that throws is never excused by having thrown before', () => {
    const marked = marks(() => {
      throw new Error('out of cheese');
    });
    expect(marked).toMatchObject({ allowed: false, findings: [{ error: true }] });
    expect(marked.findings[0]?.preexisting).toBeUndefined();
  });
});

describe('2,000 random pairs of templates', () => {
  const seed = 20_260_101;

  test('agree with the plain definition, and NewOnly denies exactly what is new', async () => {
    const seen = { preexisting: 0, new: 0, letThrough: 0, denied: 0 };
    for (let index = 0; index < 2_000; index++) {
      const [old, pod] = randomPair(index);
      const before = await findingsOf(old);
      const review = update(old, pod);
      const expected = isDeepStrictEqual(templateOf(old), templateOf(pod)) ? [] : await findingsOf(pod);
      const isKnown = (finding: Finding) =>
        before.some((known) => isSame([known, deployment(old)], [finding, deployment(pod)]));
      for (const [policies, lenient] of [
        [all, false],
        [newOnly, true],
      ] as const) {
        const { response, findings } = await answer(review, { policies });
        expect(shown(findings), `pair ${index}`).toEqual(
          shown(expected.map((finding) => ({ finding, known: isKnown(finding) }))),
        );
        const denying = expected.filter((finding) => !lenient || !isKnown(finding));
        expect(response.allowed, `pair ${index}`).toBe(denying.length === 0);
        if (lenient && expected.length > 0) seen[response.allowed ? 'letThrough' : 'denied']++;
      }
      for (const finding of expected) seen[isKnown(finding) ? 'preexisting' : 'new']++;
    }
    // The definition is tried on both sides, often.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(200);
  });

  /** Rule, message, field and whether it is known, in an order of its own. */
  function shown(
    list: readonly (Finding | { readonly finding: Finding; readonly known: boolean })[],
  ): readonly string[] {
    const text = ({ rule, violation, path }: Finding, known: boolean) =>
      `${rule.id} ${violation.message} ${path.join('.')} ${known ? 'known' : 'new'}`;
    return list
      .map((each) => ('known' in each ? text(each.finding, each.known) : text(each, each.preexisting === true)))
      .sort();
  }

  async function findingsOf(pod: Json): Promise<readonly Finding[]> {
    return (await answer(reviewOf(deployment(pod), { kind: 'Deployment' }), { policies: all })).findings;
  }

  type Placed = readonly [Finding, Json];

  /** The definition, said plainly: equal rule, message, value, and path, in which list items go by their names. */
  function isSame([a, inA]: Placed, [b, inB]: Placed): boolean {
    if (a.rule.id !== b.rule.id || a.violation.message !== b.violation.message) return false;
    if (a.path.length !== b.path.length || !isDeepStrictEqual(a.violation.found, b.violation.found)) return false;
    return a.path.every((segment, index) => {
      const other = b.path[index];
      if (typeof segment !== 'number') return segment === other;
      const [itemA, itemB] = [valueAt(inA, a.path.slice(0, index + 1)), valueAt(inB, b.path.slice(0, index + 1))];
      if (typeof itemA === 'string' || typeof itemB === 'string') return itemA === itemB;
      const [nameA, nameB] = [itemA, itemB].map((item) => (item as { name?: unknown }).name);
      return nameA === undefined && nameB === undefined ? segment === other : nameA === nameB;
    });
  }

  const templateOf = ({ metadata, spec }: Json) => ({ metadata, spec });

  function randomPair(index: number): readonly [Json, Json] {
    const random = createRandom(seed, 100_000 + index);
    const old = randomPod(seed, index);
    const twisted = () => random.pick(linuxTwists);
    for (let count = random.below(4); count > 0; count--) twisted()(old, random);
    const pod = random.chance(0.1) ? randomPod(seed, 50_000 + index) : (structuredClone(old) as Pod);
    for (let count = random.below(3); count > 0; count--) twisted()(pod, random);
    if (random.chance(0.3)) rearrange(pod, random);
    return [old as unknown as Json, pod as unknown as Json];
  }

  function rearrange({ spec }: Pod, random: Random): void {
    const change = random.below(4);
    if (change === 0) spec.containers.reverse();
    else if (change === 1) spec.containers.unshift({ name: 'first', image: 'example.com/first:1' });
    else if (change === 2) random.pick(spec.containers).name = 'renamed';
    else if (spec.containers.length > 1) spec.containers.shift();
  }
});
