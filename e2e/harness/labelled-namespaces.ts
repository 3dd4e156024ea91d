import type { ApiClient } from './api-client.ts';
import { inParallel } from './in-parallel.ts';
import { createRandom } from './random.ts';

export type Labels = Readonly<Record<string, string>>;

/** A namespace with labels of the built-in admission, some of which it cannot read. */
export interface LabelledNamespace {
  readonly name: string;
  readonly labels: Labels;
}

const prefix = 'pod-security.kubernetes.io/';
const modes = ['enforce', 'audit', 'warn'] as const;

/** Absent, or one of the levels, or none. */
const levels = [undefined, 'privileged', 'baseline', 'restricted', 'Restricted'] as const;
const versions = [undefined, 'v1.24', 'v1.34', 'v1.37', 'latest', 'v1.034'] as const;

function pairOf(mode: string, level: string | undefined, version: string | undefined): Labels {
  return {
    ...(level !== undefined && { [prefix + mode]: level }),
    ...(version !== undefined && { [`${prefix}${mode}-version`]: version }),
  };
}

/** Every level with every version in each mode alone, and so many random choices of all three together. */
export function labelChoices(seed: number, together: number): readonly Labels[] {
  const alone = modes.flatMap((mode) =>
    levels.flatMap((level) => versions.map((version) => pairOf(mode, level, version))),
  );
  const mixed = Array.from({ length: together }, (_, stream): Labels => {
    const random = createRandom(seed, stream);
    return Object.assign(
      {},
      ...modes.map((mode) => pairOf(mode, random.pick(levels), random.pick(versions))),
    ) as Labels;
  });
  return [...alone, ...mixed];
}

/** Creates one for each; where the built-in admission runs it refuses labels that it cannot read. */
export function createLabelledNamespaces(
  choices: readonly Labels[],
  client: ApiClient,
): Promise<readonly LabelledNamespace[]> {
  return inParallel(choices, 10, async (labels, index) => {
    const name = `labelled-${index}`;
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    const { code, message } = await client.send({ method: 'POST', path: '/api/v1/namespaces', body });
    if (code !== 201) throw new Error(`${name}: ${message}`);
    return { name, labels };
  });
}
