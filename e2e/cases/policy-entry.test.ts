import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../drivers/program.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase } from '../harness/case.ts';
import { installKinds } from '../harness/kinds.ts';
import { kubectl } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { writePolicy } from '../harness/policy-file.ts';
import { type Sekisho, startSekisho } from '../harness/sekisho.ts';

const manifests = readManifests(import.meta.filename);
const day = 86_400_000;

type Json = Record<string, unknown>;

/** By dry run, so that nothing is left in the cluster; it gets the same verdict. */
function create(kind: string, spec: Json, name = 'entered'): Promise<Outcome> {
  const object = JSON.parse(manifests.object(`${kind}/entered`)) as { metadata: Json; spec: Json };
  const changed = { ...object, metadata: { name }, spec: { ...object.spec, ...spec } };
  return kubectl(['create', '--dry-run=server', '-f', '-'], { stdin: JSON.stringify(changed) });
}

const inDays = (days: number): Json => ({
  expiresAt: new Date(Date.now() + days * day).toISOString().replace(/\.\d+/, ''),
});

describeCase('the entry for our own kinds', ['webhookAddress'], () => {
  let sekisho: Sekisho | undefined;
  beforeAll(async () => {
    await installKinds();
    sekisho = await startSekisho({
      policyFiles: [await writePolicy(manifests.object('PodPolicy/entered'), 'nowhere')],
    });
  });
  afterAll(() => sekisho?.stop());

  test('refuses an exception that is too long, and kubectl names the field', async () => {
    const { code, stderr } = await create('PodPolicyException', inDays(91));
    expect(code).toBe(1);
    expect(stderr).toBe(
      'The PodPolicyException "entered" is invalid: spec.expiresAt: must not be further away than 2160h, which is exceptions.maxDuration of the settings\n',
    );
  });

  test('takes one that is not, without a word', async () => {
    expect(await create('PodPolicyException', inDays(89))).toMatchObject({ code: 0, stderr: '' });
  });

  test('warns of a broad one, and of one that names a policy or a rule that is not there', async () => {
    const broad = await create('PodPolicyException', { ...inDays(1), match: {} });
    expect([broad.code, broad.stderr]).toEqual([
      0,
      expect.stringContaining('Warning: spec.match.images does not bind'),
    ]);
    const unknown = await create('PodPolicyException', {
      ...inDays(1),
      policies: [{ name: 'nobody', rules: ['hostPathVolumes'] }],
    });
    expect([unknown.code, unknown.stderr]).toEqual([0, expect.stringContaining('there is no policy nobody')]);
  });

  test('warns of a policy whose name a file has', async () => {
    const taken = await create('PodPolicy', {});
    expect([taken.code, taken.stderr]).toEqual([0, expect.stringContaining('has the name entered already')]);
    expect(await create('PodPolicy', {}, 'free')).toMatchObject({ code: 0, stderr: '' });
  });

  test('leaves the refusal in the log, field by field', async () => {
    await create('PodPolicyException', inDays(200));
    // The log is written in batches; others are told at debug level.
    const line = async () => sekisho?.log().findLast(({ resource }) => resource === 'podpolicyexceptions');
    expect(await waitFor(line, { withinMs: 10_000, what: 'the line of the refusal' })).toMatchObject({
      msg: 'decided',
      allowed: false,
      dryRun: true,
      mistakes: [{ field: 'spec.expiresAt' }],
    });
  });

  test('is never what stops an exception: while nobody answers it is stored', async () => {
    sekisho?.signal('SIGKILL');
    expect(await create('PodPolicyException', inDays(91))).toMatchObject({ code: 0 });
  });
});
