import { SekishoError } from '../../core/error.ts';
import { newestMinor } from '../../core/pod/version.ts';
import { builtinPolicy, builtinPrefix } from '../../core/policy/builtin-policies.ts';
import { isException, isOwn, isPolicy, type OwnObject, parseOwnObject } from '../../core/policy/own-object.ts';
import type { PodPolicy } from '../../core/policy/pod-policy.ts';
import type { PodPolicyException } from '../../core/policy/pod-policy-exception.ts';
import {
  type BrokenDocument,
  type PolicyDocuments,
  refuseClashes,
  type SourcedObject,
} from '../../core/policy/policy-reading.ts';
import { type ConfigurationDocument, formatIssue, readConfigurationFile } from './configuration-documents.ts';
import { filesOf, type PolicyFile } from './policy-files.ts';

/** What is read once: by a command line. */
export interface PolicyObjects {
  readonly policies: readonly PodPolicy[];
  readonly exceptions: readonly PodPolicyException[];
}

/** Hears of documents of other kinds, which are left out. */
export type Warn = (message: string) => void;

/**
 * Reads what `--policy` names: `builtin:…`, files, folders. Throws naming file, line and field: a policy that is half
 * understood must not half apply.
 */
export async function readPolicies(sources: readonly string[], warn: Warn = warnOnStderr): Promise<PolicyObjects> {
  const documents = await readPolicyDocuments(sources, warn);
  const [first] = documents.broken;
  if (first !== undefined) throw first.error;
  refuseClashes(documents);
  requirePolicies(documents, sources);
  const objects = documents.good.map(({ object }) => object);
  return { policies: objects.filter(isPolicy), exceptions: objects.filter(isException) };
}

/** Exceptions alone would let everything pass. */
export function requirePolicies({ good, broken }: PolicyDocuments, sources: readonly string[]): void {
  if (broken.length > 0 || good.some(({ object }) => isPolicy(object))) return;
  throw invalid(`${sources.join(', ')}: holds no PodPolicy: name a file or folder that does`);
}

/** For commands whose results stand on standard output. */
export function warnOnStderr(message: string): void {
  process.stderr.write(`sekisho: warning: ${message}\n`);
}

/** Reads all there is, what is broken beside what is good. Throws where a source cannot be read or holds nothing of ours. */
export async function readPolicyDocuments(sources: readonly string[], warn: Warn): Promise<PolicyDocuments> {
  const found = await Promise.all(sources.map((source) => readSource(source, warn)));
  return {
    good: found.flatMap(({ good }) => good),
    broken: found.flatMap(({ broken }) => broken),
    files: found.flatMap(({ files }) => files),
  };
}

async function readSource(source: string, warn: Warn): Promise<PolicyDocuments> {
  if (source.startsWith(builtinPrefix)) {
    return { good: [{ object: readBuiltin(source), file: source, place: source }], broken: [], files: [] };
  }
  const files = await filesOf(source);
  const good: SourcedObject[] = [];
  const broken: BrokenDocument[] = [];
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
  readonly good: SourcedObject[];
  readonly broken: BrokenDocument[];
  readonly warn: Warn;
}

async function readPolicyFile({ name: file, path }: PolicyFile, { good, broken, warn }: Found): Promise<void> {
  const { documents, problem } = await readConfigurationFile(file, path);
  if (problem !== undefined) broken.push({ file, error: problem });
  for (const document of documents) {
    const place = document.locate([]);
    if (!isOwn(document.value)) {
      warn(`${place}: not a PodPolicy, left out`);
      continue;
    }
    const parsed = parseDocument(document);
    if ('object' in parsed) good.push({ ...parsed, file, place });
    else broken.push({ ...parsed, file, document: document.value });
  }
}

function parseDocument(document: ConfigurationDocument): { object: OwnObject } | { error: SekishoError } {
  const parsed = parseOwnObject(document.value);
  if ('object' in parsed) return parsed;
  return { error: invalid(parsed.issues.map((issue) => formatIssue(document, issue)).join('\n')) };
}

function invalid(message: string): SekishoError<'PolicyInvalid'> {
  return new SekishoError('PolicyInvalid', message);
}
