/** Policies, exceptions and namespaces by the thousand. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const counts = { policies: 1_000, exceptions: 1_000, namespaces: 10_000 } as const;

type Json = Readonly<Record<string, unknown>>;

/** Who the policies concern: every namespace, or a few policies each. */
export type Reach = 'everywhere' | 'spread';

/** Four characters, as long as the name in the recorded reviews. */
export function namespaceNames(): readonly string[] {
  return Array.from({ length: counts.namespaces }, (_, index) => `t${base36(index, 3)}`);
}

function base36(value: number, digits: number): string {
  return value.toString(36).padStart(digits, '0');
}

/** Two thirds of all prefixes of three characters, and 26 endings: two or three policies for a namespace. */
function includedBy(index: number, reach: Reach): readonly string[] {
  if (reach === 'everywhere') return index % 10 === 0 ? [] : ['t*', 'u*'];
  return index < 26 ? [`t*${base36(index + 10, 1)}`] : [`t${base36(index % 288, 2)}*`, `u${base36(index, 2)}*`];
}

export function manyPolicies(reach: Reach): readonly Json[] {
  return Array.from({ length: counts.policies }, (_, index) => ({
    apiVersion: 'sekisho.dev/v1alpha1',
    kind: 'PodPolicy',
    metadata: { name: `policy-${index}` },
    spec: {
      mode: 'Enforce',
      match: { namespaces: { include: includedBy(index, reach), exclude: ['kube-system'] } },
      podSecurity: { level: 'restricted', version: index % 4 === 0 ? 'v1.34' : 'latest' },
      message: { en: `Questions: #team-${index}` },
    },
  }));
}

/** Each excuses what no pod of the benchmark does, so that the verdicts stay. */
export function manyExceptions(now: Date): readonly Json[] {
  const expiresAt = new Date(now.getTime() + 30 * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
  return Array.from({ length: counts.exceptions }, (_, index) => ({
    apiVersion: 'sekisho.dev/v1alpha1',
    kind: 'PodPolicyException',
    metadata: { name: `exception-${index}` },
    spec: {
      policies: [{ name: `policy-${index}`, rules: ['hostPathVolumes', 'restrictedVolumes'] }],
      match: {
        namespaces: { include: [`t${base36(index % 288, 2)}*`] },
        names: ['legacy-agent*'],
        containers: ['agent'],
      },
      reason: 'the vendor fixes it',
      expiresAt,
    },
  }));
}

/** One file with all documents: what `--policy` names. */
export async function writeDocuments(folder: string, name: string, documents: readonly Json[]): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  return file;
}
