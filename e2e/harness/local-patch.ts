import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharedCluster } from './case.ts';
import { kubectlOutput } from './kubectl.ts';

/** Does what a developer does with the changes a denial proposes: applies them to the file, by kubectl, and nothing else. */
export async function patchLocally(manifest: string, patch: string): Promise<string> {
  const file = join(sharedCluster().folder, `manifest-${randomBytes(4).toString('hex')}.yaml`);
  await writeFile(file, manifest);
  return kubectlOutput(['patch', '--local', '-f', file, '--type=strategic', '-p', patch, '-o', 'yaml']);
}
