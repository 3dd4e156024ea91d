import { SekishoError } from '../../core/error.ts';
import { newestMinor } from '../../core/pod/version.ts';
import { builtinPolicy, builtinPrefix } from '../../core/policy/builtin-policies.ts';
import { apiGroup, type PodPolicy, parsePodPolicy } from '../../core/policy/pod-policy.ts';
import { statedName } from '../../core/policy/unread-policy.ts';
import { type ConfigurationDocument, formatIssue, readConfigurationFile } from './configuration-documents.ts';
import { filesOf, type PolicyFile } from './policy-files.ts';

/** A policy, and where it came from. */
export interface SourcedPolicy {
  readonly policy: PodPolicy;
  /** The file that holds it, or the name of the built-in. */
  readonly file: string;
  /** What to call that place: `file:line:column`. */
  readonly place: string;
}

/** A document that ought to be a policy and is none, or a file that is not even documents. */
export interface BrokenPolicy {
  readonly file: string;
  readonly error: SekishoError;
  /** As far as it could be parsed. */
  readonly document?: unknown;
}

/** All that the sources hold. */
export interface PolicyDocuments {
  readonly good: readonly SourcedPolicy[];
  readonly broken: readonly BrokenPolicy[];
  /** Every file that was read, also those without any policy. */
  readonly files: readonly string[];
}

/** Hears of documents of other kinds, which are left out. */
export type Warn = (message: string) => void;

/**
 * Reads what `--policy` names: `builtin:…`, files, folders. Throws naming file, line and field: a policy that is half
 * understood must not half apply.
 */
export async function readPolicies(
  sources: readonly string[],
  warn: Warn = warnOnStderr,
): Promise<readonly PodPolicy[]> {
  const { good, broken } = await readPolicyDocuments(sources, warn);
  const [first] = broken;
  if (first !== undefined) throw first.error;
  refuseClashes(good, broken);
  return good.map(({ policy }) => policy);
}

function warnOnStderr(message: string): void {
  process.stderr.write(`sekisho: warning: ${message}\n`);
}

/** Reads all there is, what is broken beside what is good. Throws where a source cannot be read or holds no policy. */
export async function readPolicyDocuments(sources: readonly string[], warn: Warn): Promise<PolicyDocuments> {
  const found = await Promise.all(sources.map((source) => readSource(source, warn)));
  return {
    good: found.flatMap(({ good }) => good),
    broken: found.flatMap(({ broken }) => broken),
    files: found.flatMap(({ files }) => files),
  };
}

/** Two policies of one name: nobody could say which of them is meant. */
export function refuseClashes(good: readonly SourcedPolicy[], broken: readonly BrokenPolicy[]): void {
  const places = new Map<string, string>();
  const named = [
    ...good.map(({ policy, place }) => ({ name: policy.metadata.name, place })),
    ...broken.map(({ document, file }) => ({ name: statedName(document), place: file })),
  ];
  for (const { name, place } of named) {
    if (name === undefined) continue;
    const other = places.get(name);
    if (other !== undefined) throw invalid(clash(name, place, other));
    places.set(name, place);
  }
}

/** Why a policy cannot have its name. */
export function clash(name: string, place: string, other: string): string {
  return `${place}: the policy ${name} stands in ${other} too: rename one of them`;
}

async function readSource(source: string, warn: Warn): Promise<PolicyDocuments> {
  if (source.startsWith(builtinPrefix)) {
    return { good: [{ policy: readBuiltin(source), file: source, place: source }], broken: [], files: [] };
  }
  const files = await filesOf(source);
  const good: SourcedPolicy[] = [];
  const broken: BrokenPolicy[] = [];
  for (const file of files) await readPolicyFile(file, { good, broken, warn });
  if (good.length + broken.length === 0) {
    throw invalid(`${source}: holds no PodPolicy: name a file or folder that does`);
  }
  return { good, broken, files: files.map(({ name }) => name) };
}

function readBuiltin(source: string): PodPolicy {
  const policy = builtinPolicy(source);
  if (policy !== undefined) return policy;
  const names = `${builtinPrefix}baseline, ${builtinPrefix}restricted`;
  throw invalid(`${source}: no such built-in policy: there are ${names}, each also with @v1.0 to @v1.${newestMinor}`);
}

interface Found {
  readonly good: SourcedPolicy[];
  readonly broken: BrokenPolicy[];
  readonly warn: Warn;
}

async function readPolicyFile({ name: file, path }: PolicyFile, { good, broken, warn }: Found): Promise<void> {
  const { documents, problem } = await readConfigurationFile(file, path);
  if (problem !== undefined) broken.push({ file, error: problem });
  for (const document of documents) {
    const place = document.locate([]);
    if (!isOurs(document.value)) {
      warn(`${place}: not a PodPolicy, left out`);
      continue;
    }
    const parsed = parseDocument(document);
    if ('policy' in parsed) good.push({ ...parsed, file, place });
    else broken.push({ ...parsed, file, document: document.value });
  }
}

/** A misspelt kind of our own group is a mistake, not somebody else's document. */
function isOurs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, apiVersion } = value as { kind?: unknown; apiVersion?: unknown };
  return kind === 'PodPolicy' || (typeof apiVersion === 'string' && apiVersion.startsWith(`${apiGroup}/`));
}

function parseDocument(document: ConfigurationDocument): { policy: PodPolicy } | { error: SekishoError } {
  const parsed = parsePodPolicy(document.value);
  if ('policy' in parsed) return parsed;
  return { error: invalid(parsed.issues.map((issue) => formatIssue(document, issue)).join('\n')) };
}

function invalid(message: string): SekishoError<'PolicyInvalid'> {
  return new SekishoError('PolicyInvalid', message);
}
