import { beforeAll, expect, test } from 'vitest';
import { crdNameOf, kinds } from '../../src/core/policy/kinds.ts';
import { apiVersion, parsePodPolicy } from '../../src/core/policy/pod-policy.ts';
import { judgedSpecs } from '../../test/core/policy/judged-specs.ts';
import { connectToApiServer } from '../harness/api-client.ts';
import { describeCase } from '../harness/case.ts';
import { changedSpecs, type KindSpec } from '../harness/changed-specs.ts';
import { installKinds } from '../harness/kinds.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';

const manifests = readManifests(import.meta.filename);

interface Condition {
  readonly type: string;
  readonly status: string;
}

function create(kind: string, spec: unknown) {
  const stdin = JSON.stringify({ apiVersion, kind, metadata: { name: 'judged' }, spec });
  return kubectl(['create', '--dry-run=server', '-f', '-'], { stdin });
}

/** What an object is, by its name: as the API server keeps it. */
async function kept(kind: string, name: string): Promise<{ readonly spec: object }> {
  return JSON.parse(await kubectlOutput(['get', kind, name, '-o', 'json'])) as { spec: object };
}

/** The columns of a line of kubectl's. */
function cells(line: string | undefined): readonly string[] {
  return (line ?? '').split(/ {2,}/).map((cell) => cell.trim());
}

describeCase('the kinds', [], () => {
  let applied: string;
  beforeAll(async () => {
    await installKinds();
    // For all tests below: each is kept under its name.
    applied = await kubectlOutput(['apply', '-f', '-'], { stdin: manifests.all() });
  });

  test.each(kinds)('$kind is established, and its schema is structural', async (kind) => {
    const text = await kubectlOutput(['get', 'crd', crdNameOf(kind), '-o', 'json']);
    const { status } = JSON.parse(text) as { status: { conditions: readonly Condition[] } };
    const conditions = status.conditions.map(({ type, status: value }) => `${type}=${value}`).sort();
    // NonStructuralSchema would stand among them.
    expect(conditions).toEqual(['Established=True', 'NamesAccepted=True']);
  });

  test('are applied without a warning, and again without a change', async () => {
    expect(applied.trimEnd().split('\n')).toEqual([
      'podpolicy.sekisho.dev/kinds-least created',
      'podpolicy.sekisho.dev/kinds-all created',
      'podpolicyexception.sekisho.dev/kinds-excuse created',
    ]);
    const again = await kubectl(['apply', '-f', '-'], { stdin: manifests.all() });
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout.replaceAll(' unchanged', ' created')).toBe(applied);
  });

  test.each(judgedSpecs)(
    'with $what are judged as lint judges them, word for word',
    async ({ kind, spec, refused }) => {
      const { code, stderr } = await create(kind, spec);
      if (refused === undefined) {
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        return;
      }
      expect(code).toBe(1);
      expect(stderr).toContain(`${refused.field}: Invalid value: `);
      expect(stderr.trimEnd().endsWith(`: ${refused.message}`), stderr).toBe(true);
    },
  );

  test.each([
    ['an unknown field', { mode: 'Audit', podSecurty: {} }, 'unknown field "spec.podSecurty"'],
    [
      'an unknown field further down',
      { podSecurity: { level: 'baseline', rules: { hostPort: {} } } },
      'unknown field "spec.podSecurity.rules.hostPort"',
    ],
    ['a word that is none', { mode: 'enforce' }, 'spec.mode: Unsupported value: "enforce"'],
    ['a missing field', { podSecurity: {} }, 'spec.podSecurity.level: Required value'],
    [
      'a version that is none',
      { podSecurity: { level: 'baseline', version: '1.30' } },
      'spec.podSecurity.version: Invalid value: "1.30"',
    ],
    [
      'a list that is too long',
      { match: { namespaces: { include: Array.from({ length: 101 }, (_, i) => `team-${i}`) } } },
      'spec.match.namespaces.include: Too many: 101: must have at most 100 items',
    ],
    [
      'a string that is too long',
      { message: { en: 'x'.repeat(257) } },
      'spec.message.en: Too long: may not be more than 256',
    ],
    [
      'a fraction',
      { podSecurity: { level: 'baseline', except: [{ rules: ['hostPorts'], values: [1.5] }] } },
      'spec.podSecurity.except[0].values[0]',
    ],
  ])('with %s are refused by kubectl apply, which names the field', async (_what, spec, expected) => {
    const stdin = JSON.stringify({ apiVersion, kind: 'PodPolicy', metadata: { name: 'judged' }, spec });
    const { code, stderr } = await kubectl(['apply', '-f', '-'], { stdin });
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
    expect('issues' in parsePodPolicy(JSON.parse(stdin))).toBe(true);
  });

  test.each(['kinds-least', 'kinds-all'])('%s has the defaults that files have', async (name) => {
    const { spec } = await kept('podpolicy', name);
    const fromFile = parsePodPolicy(JSON.parse(manifests.object(`PodPolicy/${name}`)));
    const fromCluster = parsePodPolicy({ apiVersion, kind: 'PodPolicy', metadata: { name }, spec });
    if ('issues' in fromFile || 'issues' in fromCluster) throw new Error('both are valid');
    expect(fromCluster.policy.spec).toEqual(fromFile.policy.spec);
  });

  test('a policy that says little is filled in', async () => {
    expect((await kept('podpolicy', 'kinds-least')).spec).toEqual({
      mode: 'Audit',
      onUpdate: 'All',
      match: {
        namespaces: { include: [], exclude: [] },
        runtimeClasses: { exclude: [] },
        users: { exclude: [], allowControllers: false },
      },
      podSecurity: {
        level: 'baseline',
        version: 'latest',
        namespaceLabels: 'Tighten',
        workloads: 'Enforce',
        rules: {},
        except: [],
      },
    });
  });

  test('changed at random are accepted by the API server exactly where the strict parser accepts them', async () => {
    using client = await connectToApiServer();
    const { items } = JSON.parse(manifests.all()) as { items: readonly KindSpec[] };
    const changed = changedSpecs([...items, ...items, ...judgedSpecs], 1_000);
    const disagreeing: string[] = [];
    let accepted = 0;
    for (const { kind, spec } of changed) {
      const document = { apiVersion, kind, metadata: { name: 'changed' }, spec };
      const { plural, schema } = kinds.find((each) => each.kind === kind)!;
      const path = `/apis/${apiVersion}/${plural}?dryRun=All&fieldValidation=Strict`;
      const { code, message } = await client.send({ method: 'POST', path, body: document });
      const parsed = schema.safeParse(document).success;
      if (parsed) accepted++;
      if (parsed !== (code === 201)) disagreeing.push(`${JSON.stringify(spec)}: parsed ${parsed}, ${code} ${message}`);
    }
    expect(disagreeing).toEqual([]);
    expect(accepted).toBeGreaterThan(50);
    expect(changed.length - accepted).toBeGreaterThan(200);
  });

  test('are listed with their columns', async () => {
    const lines = (await kubectlOutput(['get', 'podpolicies', 'kinds-all', 'kinds-least'])).split('\n');
    expect(cells(lines[0])).toEqual(['NAME', 'MODE', 'LEVEL', 'VERSION', 'READY', 'AGE']);
    expect(lines[1]).toMatch(/^kinds-all +Enforce +restricted +v1\.36 +\d+s$/);
    expect(lines[2]).toMatch(/^kinds-least +Audit +baseline +latest +\d+s$/);
  });

  test('are found under their short name, with what the status says', async () => {
    const now = new Date().toISOString();
    const condition = {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: 'it has an effect',
      lastTransitionTime: now,
    };
    const patch = JSON.stringify({ status: { observedGeneration: 1, conditions: [condition] } });
    await kubectlOutput(['patch', 'ppx', 'kinds-excuse', '--subresource=status', '--type=merge', '-p', patch]);
    const lines = (await kubectlOutput(['get', 'ppx', 'kinds-excuse', '-o', 'wide'])).split('\n');
    expect(cells(lines[0])).toEqual(['NAME', 'EXPIRES', 'OWNER', 'ACCEPTED', 'BROAD', 'AGE', 'REASON', 'TICKET']);
    expect(lines[1]).toMatch(
      /^kinds-excuse +2027-01-31T00:00:00Z +team-payments +True +\d+s +vendor fix promised for Q1 +https:\/\/tracker\.example\/SEC-123$/,
    );
  });

  test('have a status that only its own subresource changes, with conditions as Kubernetes has them', async () => {
    const wrong = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'Yes' }] } });
    const refused = await kubectl([
      'patch',
      'podpolicy',
      'kinds-least',
      '--subresource=status',
      '--type=merge',
      '-p',
      wrong,
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('status.conditions[0].status: Unsupported value: "Yes"');
    const ignored = JSON.stringify({ status: { observedGeneration: 7 } });
    await kubectlOutput(['patch', 'podpolicy', 'kinds-least', '--type=merge', '-p', ignored]);
    expect(await kept('podpolicy', 'kinds-least')).not.toHaveProperty('status');
  });

  test('explain their fields to kubectl', async () => {
    const text = await kubectlOutput(['explain', 'podpolicy.spec.podSecurity.namespaceLabels']);
    expect(text).toContain('What the labels pod-security.kubernetes.io/* of a namespace do');
  });
});
