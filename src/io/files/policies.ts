import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SekishoError } from '../../core/error.ts';
import { formatFieldPath } from '../../core/pod/field-path.ts';
import { newestMinor } from '../../core/pod/version.ts';
import { builtinPolicy, builtinPrefix } from '../../core/policy/builtin-policies.ts';
import { apiGroup, type PodPolicy, parsePodPolicy } from '../../core/policy/pod-policy.ts';
import { type ConfigurationDocument, readConfiguration } from './configuration-documents.ts';
import { testFiles } from './manifests.ts';

/** A policy, and what to call the place it came from. */
interface Sourced {
  readonly policy: PodPolicy;
  readonly place: string;
}

/**
 * Reads what `--policy` names: `builtin:…`, files, folders. Throws naming file, line and field: a policy that is half
 * understood must not half apply. `warn` hears of documents of other kinds, which are left out.
 */
export async function readPolicies(
  sources: readonly string[],
  warn: (message: string) => void = warnOnStderr,
): Promise<readonly PodPolicy[]> {
  const places = new Map<string, string>();
  const policies: PodPolicy[] = [];
  for (const source of sources) {
    for (const { policy, place } of await readSource(source, warn)) {
      const { name } = policy.metadata;
      const other = places.get(name);
      if (other !== undefined) throw invalid(`${place}: the policy ${name} stands in ${other} too: rename one of them`);
      places.set(name, place);
      policies.push(policy);
    }
  }
  return policies;
}

function warnOnStderr(message: string): void {
  process.stderr.write(`sekisho: warning: ${message}\n`);
}

async function readSource(source: string, warn: (message: string) => void): Promise<readonly Sourced[]> {
  if (source.startsWith(builtinPrefix)) return [{ policy: readBuiltin(source), place: source }];
  const found: Sourced[] = [];
  for (const file of await filesOf(source)) found.push(...(await readPolicyFile(file, warn)));
  if (found.length === 0) throw invalid(`${source}: holds no PodPolicy: name a file or folder that does`);
  return found;
}

function readBuiltin(source: string): PodPolicy {
  const policy = builtinPolicy(source);
  if (policy !== undefined) return policy;
  const names = `${builtinPrefix}baseline, ${builtinPrefix}restricted`;
  throw invalid(`${source}: no such built-in policy: there are ${names}, each also with @v1.0 to @v1.${newestMinor}`);
}

/** The file itself, or the manifests of a folder in the order of their names, without tests; folders in it are left alone. */
async function filesOf(path: string): Promise<readonly string[]> {
  const stats = await stat(path).catch((cause: unknown) => unreadable(path, cause));
  if (!stats.isDirectory()) return [path];
  const names = await readdir(path).catch((cause: unknown) => unreadable(path, cause));
  return names
    .filter((name) => /\.(?:ya?ml|json)$/.test(name) && !testFiles.name.test(name))
    .sort()
    .map((name) => join(path, name));
}

async function readPolicyFile(file: string, warn: (message: string) => void): Promise<readonly Sourced[]> {
  const found: Sourced[] = [];
  for (const document of await readConfiguration(file)) {
    if (isOurs(document.value)) found.push({ policy: parseDocument(document), place: document.locate([]) });
    else warn(`${document.locate([])}: not a PodPolicy, left out`);
  }
  return found;
}

/** A misspelt kind of our own group is a mistake, not somebody else's document. */
function isOurs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, apiVersion } = value as { kind?: unknown; apiVersion?: unknown };
  return kind === 'PodPolicy' || (typeof apiVersion === 'string' && apiVersion.startsWith(`${apiGroup}/`));
}

function parseDocument(document: ConfigurationDocument): PodPolicy {
  const parsed = parsePodPolicy(document.value);
  if ('policy' in parsed) return parsed.policy;
  const lines = parsed.issues.map(({ path, message }) => {
    const field = path.length === 0 ? 'the document' : formatFieldPath(path);
    return `${document.locate(path)}: ${field}: ${message}`;
  });
  throw invalid(`${lines.join('\n')}\ncorrect the policy and start again`);
}

function invalid(message: string): SekishoError<'PolicyInvalid'> {
  return new SekishoError('PolicyInvalid', message);
}

function unreadable(path: string, cause: unknown): never {
  throw new SekishoError('FileUnreadable', `${path}: cannot be read: ${messageOf(cause)}`, cause);
}
