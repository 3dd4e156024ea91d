import { dirname, isAbsolute, join, resolve } from 'node:path';
import { SekishoError } from '../../core/error.ts';
import type { FieldPath } from '../../core/pod/field-path.ts';
import type { Workload } from '../../core/pod/workload.ts';
import type { Workloads } from '../../core/pod/workloads.ts';
import { builtinPrefix } from '../../core/policy/builtin-policies.ts';
import type { DocumentIssue } from '../../core/policy/pod-policy.ts';
import { type ObjectSource, type PolicyTestCase, parsePolicyTest } from '../../core/policy/policy-test.ts';
import { printable } from '../../core/render/escape.ts';
import { type ConfigurationDocument, formatIssue, readConfiguration } from './configuration-documents.ts';
import { collectObjects, type ManifestObject } from './manifest-objects.ts';
import { listManifests, type Manifest, readManifest, standardInput, testFiles } from './manifests.ts';
import type { Position } from './source-document.ts';

/** Why a test cannot be run; the message begins with its place. */
export interface TestProblem {
  readonly file: string;
  readonly message: string;
}

/** One document of a test file, ready to be run. */
export interface ReadyTest {
  /** As `readPolicies` takes them. */
  readonly policies: readonly string[];
  readonly cases: readonly ReadyCase[];
  /** `file:line:column` of a field. */
  locate(path: FieldPath): string;
}

/** A case with its objects. */
export interface ReadyCase {
  readonly test: PolicyTestCase;
  readonly position: Position;
  readonly object: ManifestObject;
  readonly workload: Workload;
  readonly oldObject?: ManifestObject;
}

/** What a test file was found to hold. A case that cannot be run leaves the others. */
export interface TestFile {
  readonly tests: readonly ReadyTest[];
  readonly problems: readonly TestProblem[];
}

/** Files as they are named; of folders all `*.sekisho-test.yaml` below them. Each once. */
export function listTestFiles(paths: readonly string[]): {
  readonly files: readonly string[];
  readonly problems: readonly TestProblem[];
} {
  const { files, problems } = listManifests(paths.map(asFile), testFiles);
  const once = new Map<string, string>();
  for (const file of files) if (!once.has(resolve(file))) once.set(resolve(file), file);
  const found = problems.map(({ file, message }) => ({ file, message: `${file}: ${message}` }));
  return { files: [...once.values()], problems: found };
}

/** A test names files beside itself, so that standard input can hold none; nor is its dash a file's name. */
function asFile(path: string): string {
  return path === standardInput ? `./${standardInput}` : path;
}

/** Reads manifests, each once however many cases name it. */
export function createManifestReader(): (file: string) => Promise<Manifest> {
  const known = new Map<string, Promise<Manifest>>();
  return (file) => {
    const manifest = known.get(file) ?? readManifest(file);
    known.set(file, manifest);
    return manifest;
  };
}

/** Reads every test of a file and the objects that it names. Nothing is thrown: the other files are tested all the same. */
export async function readTestFile(file: string, around: TestSurroundings): Promise<TestFile> {
  const tests: ReadyTest[] = [];
  const problems: TestProblem[] = [];
  try {
    for (const document of await readConfiguration(file)) {
      const found = await readTest({ file, document, ...around });
      tests.push(...found.tests);
      problems.push(...found.problems);
    }
  } catch (thrown) {
    if (!(thrown instanceof SekishoError)) throw thrown;
    problems.push({ file, message: thrown.message });
  }
  if (tests.length + problems.length === 0) problems.push({ file, message: `${file}: holds no PolicyTest` });
  return { tests, problems };
}

/** What tests are read with. */
export interface TestSurroundings {
  readonly read: (file: string) => Promise<Manifest>;
  /** The kinds that are judged. */
  readonly workloads: Workloads;
}

interface TestSource extends TestSurroundings {
  readonly file: string;
  readonly document: ConfigurationDocument;
}

async function readTest(source: TestSource): Promise<TestFile> {
  const { file, document } = source;
  const parsed = parsePolicyTest(document.value);
  const at = (issue: DocumentIssue): TestProblem => ({ file, message: formatIssue(document, issue) });
  if ('issues' in parsed) return { tests: [], problems: parsed.issues.map(at) };
  const problems: TestProblem[] = [];
  const cases: ReadyCase[] = [];
  for (const [index, test] of parsed.test.cases.entries()) {
    const ready = await readCase(test, ['cases', index], source);
    if ('message' in ready) problems.push(at(ready));
    else cases.push(ready);
  }
  const policies = parsed.test.policies.map((name) => (name.startsWith(builtinPrefix) ? name : beside(file, name)));
  return { tests: [{ policies, cases, locate: document.locate }], problems };
}

/** Paths in a test are meant from where it stands, so that a folder can be moved and tested from anywhere. */
function beside(file: string, path: string): string {
  return isAbsolute(path) ? path : asFile(join(dirname(file), path));
}

async function readCase(test: PolicyTestCase, path: FieldPath, source: TestSource): Promise<ReadyCase | DocumentIssue> {
  const object = await readObject(test.object, [...path, 'object'], source);
  if ('message' in object) return object;
  const { apiVersion, kind } = object;
  const workload = source.workloads.ofKind(apiVersion, kind);
  if (workload === undefined) {
    const name = printable(`${apiVersion} ${kind}`, 400);
    return { path: [...path, 'object'], message: `${name} is neither a pod nor a template of one: it is never judged` };
  }
  const ready = { test, position: source.document.positionOf(path), object, workload };
  if (test.oldObject === undefined) return ready;
  const oldObject = await readObject(test.oldObject, [...path, 'oldObject'], source);
  if ('message' in oldObject) return oldObject;
  if (source.workloads.ofKind(oldObject.apiVersion, oldObject.kind) !== workload) {
    return {
      path: [...path, 'oldObject'],
      message: `must be a ${workload.kind} as object is: an update keeps the kind`,
    };
  }
  return { ...ready, oldObject };
}

async function readObject(
  from: ObjectSource,
  path: FieldPath,
  { file, document, read }: TestSource,
): Promise<ManifestObject | DocumentIssue> {
  if (typeof from === 'string') return readReference(from, path, (name) => read(beside(file, name)));
  const objects: ManifestObject[] = [];
  const problems: DocumentIssue[] = [];
  const position = (field: FieldPath): Position => document.positionOf([...path, ...field]);
  const broken = (field: FieldPath, message: string): void => {
    problems.push({ path: [...path, ...field], message });
  };
  collectObjects(from, { objects, position, broken });
  const [object, second] = objects;
  if (problems[0] !== undefined) return problems[0];
  return object === undefined || second !== undefined ? { path, message: 'must be one object, not a list' } : object;
}

/** `pods.yaml#Pod/web`, `pods.yaml#Pod/shop/web`, or the file alone where it holds one object. */
async function readReference(
  reference: string,
  path: FieldPath,
  read: (name: string) => Promise<Manifest>,
): Promise<ManifestObject | DocumentIssue> {
  const hash = reference.lastIndexOf('#');
  const name = hash < 0 ? reference : reference.slice(0, hash);
  if (name === '') return { path, message: 'names no file before the #' };
  const { objects, problems } = await read(name);
  const [problem] = problems;
  // Another object of the file may be the broken one; but what stands there cannot be known.
  if (problem !== undefined) {
    const place = problem.position === undefined ? '' : `:${problem.position.line}:${problem.position.column}`;
    return { path, message: `${problem.file}${place}: ${problem.message}` };
  }
  const wanted = hash < 0 ? undefined : reference.slice(hash + 1);
  const found = wanted === undefined ? objects : objects.filter((object) => isCalled(object, wanted));
  const [object, second] = found;
  if (object !== undefined && second === undefined) return object;
  const there = objects.length === 0 ? 'no Kubernetes object' : someNames(objects);
  if (wanted === undefined)
    return { path, message: `${name} must hold one object, or one be named by #Kind/name: it holds ${there}` };
  const problemText = object === undefined ? 'holds no' : 'holds more than one';
  return { path, message: `${name} ${problemText} ${printable(wanted, 400)}: it holds ${there}` };
}

function isCalled({ kind, namespace, name }: ManifestObject, wanted: string): boolean {
  return wanted === `${kind}/${name}` || wanted === `${kind}/${namespace}/${name}`;
}

const mostNames = 8;

function someNames(objects: readonly ManifestObject[]): string {
  const names = objects.slice(0, mostNames).map(({ kind, namespace, name }) => {
    return printable([kind, ...(namespace === '' ? [] : [namespace]), name].join('/'), 200);
  });
  return [...names, ...(objects.length > mostNames ? ['…'] : [])].join(', ');
}
