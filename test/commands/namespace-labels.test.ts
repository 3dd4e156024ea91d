import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { minimalPod } from '../../src/core/rules/minimal-pod.ts';
import { reviewOf } from '../admission-requests.ts';
import { feed } from './feeding-sekisho.ts';
import { run } from './running-sekisho.ts';

const namespace = (name: string, labels: string): string =>
  `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}, labels: {${labels}}}}\n`;
const enforce = (level: string): string => `pod-security.kubernetes.io/enforce: ${level}`;
const root =
  '{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {containers: [{name: app, image: a}]}}\n';
const head = 'apiVersion: sekisho.dev/v1alpha1\nkind: PolicyTest\n';

const files = {
  'pod.yaml': root,
  'shop.yaml': namespace('shop', enforce('restricted')),
  'both.yaml': `${root}---\n${namespace('shop', enforce('restricted'))}`,
  'loose.yaml': namespace('shop', `${enforce('privileged')}, team: a`),
  'list.yaml': `apiVersion: v1\nkind: List\nitems:\n- ${namespace('kiosk', '')}- ${namespace('shop', enforce('restricted'))}`,
  'twice.yaml': `${namespace('shop', '')}---\n${namespace('shop', '')}`,
  'unquoted.yaml': namespace('shop', 'audited: true'),
  'nothing.yaml': '# nothing\n',
  'selecting.policy':
    'apiVersion: sekisho.dev/v1alpha1\nkind: PodPolicy\nmetadata: {name: team-a}\n' +
    'spec: {mode: Enforce, match: {namespaceSelector: {matchLabels: {team: a}}, users: {exclude: [anna]}}, podSecurity: {level: restricted}}\n',
  'cases.yaml': `${head}policies: [selecting.policy]
cases:
- {name: of the team, object: pod.yaml, namespaceLabels: {team: a}, expect: {allowed: false}}
- {name: of another, object: pod.yaml, namespaceLabels: {team: b}, expect: {allowed: true, findings: []}}
- {name: of whoever is excluded, object: pod.yaml, namespaceLabels: {team: a}, user: anna, expect: {allowed: true}}
- {name: of somebody else, object: pod.yaml, namespaceLabels: {team: a}, user: ben, expect: {allowed: false}}
`,
  'unknown.yaml': `${head}policies: [selecting.policy]
cases:
- {name: who knows, object: pod.yaml, expect: {allowed: false}}
`,
  'no-label.yaml': `${head}policies: [selecting.policy]
cases:
- {name: odd, object: pod.yaml, namespaceLabels: {"a b": c}, expect: {allowed: false}}
`,
} as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-labels-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: keyof typeof files): string => join(folder, name);
const baseline = ['-p', 'builtin:baseline'];
const selecting = () => ['-p', at('selecting.policy')];
const stated = (name: keyof typeof files) => ['--namespace-labels', at(name)];

describe('sekisho check', () => {
  test('knows no labels where none are stated, and so judges by the policy alone', async () => {
    expect((await run(['check', at('pod.yaml'), ...baseline])).code).toBe(0);
  });

  test.each([
    ['a file beside it', ['pod.yaml', 'shop.yaml']],
    ['a file before it', ['shop.yaml', 'pod.yaml']],
    ['the same file, behind it', ['both.yaml']],
  ] as const)('takes the labels of a Namespace in %s', async (_what, names) => {
    const { code, stdout } = await run(['check', ...names.map(at), ...baseline]);
    expect(code).toBe(1);
    expect(stdout).toContain('[runAsNonRoot]');
  });

  test('takes them from standard input', async () => {
    expect((await feed(['check', '-', ...baseline], files['both.yaml'])).code).toBe(1);
    expect((await feed(['check', '-', at('pod.yaml'), ...baseline], files['shop.yaml'])).code).toBe(1);
  });

  test('takes those of --namespace-labels first, so that what is checked cannot loosen what holds', async () => {
    expect((await run(['check', at('pod.yaml'), ...baseline, ...stated('list.yaml')])).code).toBe(1);
    expect((await run(['check', at('pod.yaml'), at('loose.yaml'), ...baseline, ...stated('list.yaml')])).code).toBe(1);
    expect((await run(['check', at('both.yaml'), ...baseline, ...stated('loose.yaml')])).code).toBe(0);
  });

  test('has a question where a policy selects by labels that nobody stated, and exits 3', async () => {
    const { code, stdout } = await run(['check', at('pod.yaml'), ...selecting()]);
    expect(code).toBe(3);
    expect(stdout).toContain('the labels of the namespace are not known');
    expect(stdout).toContain('[namespaceUnreadable]');
    expect((await run(['check', at('pod.yaml'), ...selecting(), ...stated('loose.yaml')])).code).toBe(1);
    expect((await run(['check', at('pod.yaml'), ...selecting(), ...stated('shop.yaml')])).code).toBe(0);
  });

  test.each([
    ['pod.yaml', /pod\.yaml:1:1: is a Pod, not a Namespace/],
    ['twice.yaml', /twice\.yaml:3:1: the namespace shop stands in the file twice/],
    ['unquoted.yaml', /unquoted\.yaml:1:\d+: metadata\.labels\[audited\] must be text: put it in quotes/],
    ['nothing.yaml', /nothing\.yaml: holds no Namespace/],
  ] as const)('exits 2 where --namespace-labels is %s', async (name, message) => {
    const { code, stderr } = await run(['check', at('pod.yaml'), ...baseline, ...stated(name)]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('sekisho review', () => {
  const review = JSON.stringify(reviewOf(minimalPod));
  const reviewOfRoot = JSON.stringify(reviewOf({ ...minimalPod, spec: { containers: [{ name: 'app', image: 'a' }] } }));

  test('judges by the labels that --namespace-labels states for the namespace of the request', async () => {
    const allowed = async (input: string, args: readonly string[]) =>
      (JSON.parse((await feed(['review', ...args], input)).stdout) as { response: { allowed: boolean } }).response
        .allowed;
    expect(await allowed(reviewOfRoot, baseline)).toBe(true);
    expect(await allowed(reviewOfRoot, [...baseline, ...stated('list.yaml')])).toBe(false);
    expect(await allowed(review, [...baseline, ...stated('list.yaml')])).toBe(true);
  });
});

describe('sekisho test', () => {
  test('judges a case by its namespaceLabels and its user', async () => {
    const { code, stdout } = await run(['test', at('cases.yaml')]);
    expect(stdout).toContain('4');
    expect(code).toBe(0);
  });

  test('leaves a case undecided whose policy selects by labels that it does not state', async () => {
    expect((await run(['test', at('unknown.yaml')])).code).toBe(3);
  });

  test('refuses labels that no namespace can have', async () => {
    const { code, stderr } = await run(['test', at('no-label.yaml')]);
    expect(stderr).toContain('cases[0].namespaceLabels');
    expect(code).toBe(2);
  });
});
