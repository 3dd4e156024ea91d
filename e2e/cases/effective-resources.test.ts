import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { podLimit, podRequest } from '../../src/core/pod/effective-resources.ts';
import type { Stated } from '../../src/core/pod/stated-quantity.ts';
import { podViewAt } from '../../src/core/pod/workload.ts';
import { GoMissing, goTools } from '../drivers/go-tools.ts';
import { runProgram } from '../drivers/program.ts';
import { resourcefulPod } from '../harness/resourceful-pods.ts';

/*
 * What pods request and may use as a whole, by Kubernetes' own library and by us. Another seed: E2E_SEED. No API server is
 * asked: many of these pods none would take, and the library adds them up all the same.
 */
const seed = Number(process.env['E2E_SEED'] ?? 20_261_122);
const podsWanted = 500;
const names = [
  'cpu',
  'memory',
  'ephemeral-storage',
  'hugepages-2Mi',
  'hugepages-1Gi',
  'nvidia.com/gpu',
  'example.com/x',
];

const oracle = await goTools('pod-resources').catch((error: unknown) => {
  if (!(error instanceof GoMissing)) throw error;
  process.stderr.write(`SKIPPED the sums of pods: ${error.message}\n`);
  return undefined;
});

interface Sums {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

async function sumsOf(pods: readonly object[]): Promise<readonly Sums[]> {
  const stdin = pods.map((pod) => `${JSON.stringify(pod)}\n`).join('');
  const { code, stdout, stderr } = await runProgram(join(oracle ?? '', 'pod-resources'), [], { stdin });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Sums);
}

/** In plain digits, billionths and all. */
function plain(amount: Stated): string | undefined {
  if (amount === undefined || amount === 'invalid') return amount;
  const digits = String(amount.nano).padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** Upstream prints as many decimals as it has. */
function padded(decimal: string | undefined): string | undefined {
  const [whole, fraction = ''] = decimal?.split('.') ?? [];
  return whole === undefined ? undefined : `${whole}.${fraction.padEnd(9, '0')}`;
}

describe.skipIf(oracle === undefined)('the sums of a pod', () => {
  test(`are Kubernetes' own for ${podsWanted} pods`, { timeout: 60_000 }, async () => {
    const pods = Array.from({ length: podsWanted }, (_, index) => resourcefulPod(seed, index));
    const sums = await sumsOf(pods);
    expect(sums).toHaveLength(podsWanted);
    const differences = pods.flatMap((pod, index) => {
      const view = podViewAt(pod, [], { apiVersion: 'v1', kind: 'Pod', namespace: '', name: '' });
      return names.flatMap((name) => {
        const ours = [plain(podRequest(view, name)), plain(podLimit(view, name))];
        const theirs = [padded(sums[index]?.requests[name]), padded(sums[index]?.limits[name])];
        return ours.join() === theirs.join() ? [] : [`${index} ${name}: ${ours} instead of ${theirs}`];
      });
    });
    expect(differences).toEqual([]);
    // Most have most of them: nothing is compared with nothing.
    const compared = sums.flatMap(({ requests, limits }) => [...Object.keys(requests), ...Object.keys(limits)]);
    expect(compared.length).toBeGreaterThan(podsWanted * names.length);
  });
});
