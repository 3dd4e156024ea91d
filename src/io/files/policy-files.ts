import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { builtinPrefix } from '../../core/policy/builtin-policies.ts';
import { fingerprintOf, unreadable } from '../file-poll.ts';
import { testFiles } from './manifests.ts';

/** A file that may hold policies. */
export interface PolicyFile {
  /** What people know it as. */
  readonly name: string;
  /** Where it is read. */
  readonly path: string;
}

/** The file itself, or the manifests of a folder in the order of their names, without tests; folders in it are left alone. */
export async function filesOf(source: string): Promise<readonly PolicyFile[]> {
  const stats = await stat(source).catch((cause: unknown) => {
    throw unreadable(source, cause);
  });
  if (!stats.isDirectory()) return [{ name: source, path: source }];
  const folder = await versionOf(source);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(source, cause);
  });
  return names
    .filter((name) => /\.(?:ya?ml|json)$/.test(name) && !testFiles.name.test(name))
    .sort()
    .map((name) => ({ name: join(source, name), path: join(folder, name) }));
}

/**
 * The folder that `..data` of a ConfigMap volume leads to, which is never changed. The links that people see are made
 * and removed one by one after it was swapped (kubelet's atomic_writer.go), so through them a change could be seen half.
 */
function versionOf(folder: string): Promise<string> {
  return realpath(join(folder, '..data')).catch(() => folder);
}

/** What tells one state of the sources from another without reading the files. */
export async function fingerprintOfSources(sources: readonly string[]): Promise<string> {
  const files = await Promise.all(sources.filter((source) => !source.startsWith(builtinPrefix)).map(filesOf));
  const paths = files.flat().map(({ path }) => path);
  return JSON.stringify([paths, await fingerprintOf(paths)]);
}
