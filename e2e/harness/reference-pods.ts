import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from './pod-twists.ts';

/** Beside the repository; a clone elsewhere may lack it. */
const folder = join(import.meta.dirname, '../../../shared/conformance');

/**
 * The pods of the reference cases, without their answers; without their namespace, which the request names. Undefined
 * where the folder is absent.
 */
export function readReferencePods(): readonly Pod[] | undefined {
  if (!existsSync(folder)) return undefined;
  return ['pod-security.ndjson', 'pod-security-random.ndjson'].flatMap((file) => {
    const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
    return lines.map((line) => {
      const { pod } = JSON.parse(line) as { readonly pod: Pod };
      const { namespace: _, ...metadata } = pod.metadata;
      return { ...pod, metadata };
    });
  });
}
