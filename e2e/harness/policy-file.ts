import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharedCluster } from './case.ts';

interface Policy {
  readonly spec: { readonly match?: object };
}

/**
 * Writes a policy, or an exception, of a case's manifests to a file for `sekisho serve --policy`, in force in these
 * namespaces only.
 */
export async function writePolicy(text: string, ...namespaces: readonly string[]): Promise<string> {
  const policy = JSON.parse(text) as Policy;
  const spec = { ...policy.spec, match: { ...policy.spec.match, namespaces: { include: namespaces } } };
  const file = join(sharedCluster().folder, `policy-${randomBytes(4).toString('hex')}.yaml`);
  await writeFile(file, JSON.stringify({ ...policy, spec }));
  return file;
}
