import type { Finding } from '../core/engine/decision.ts';
import { type JudgeContext, judge } from '../core/engine/judge.ts';
import { deniedViolations, proposeRepair } from '../core/engine/repair.ts';
import type { ObjectReference } from '../core/pod/pod-view.ts';
import type { Workload } from '../core/pod/workload.ts';
import { createWorkloads, type Workloads } from '../core/pod/workloads.ts';
import { isAtLeastAsStrict, type Mode } from '../core/policy/mode.ts';
import { createNamespaces } from '../core/policy/namespace.ts';
import { createPolicySet, type PolicySet } from '../core/policy/policy-set.ts';
import { type CheckedObject, type CheckOutcome, toCheckResult } from '../core/render/check-result.ts';
import { printable } from '../core/render/escape.ts';
import { renderJson } from '../core/render/json.ts';
import { renderTable } from '../core/render/table.ts';
import type { ManifestObject } from '../io/files/manifest-objects.ts';
import {
  listManifests,
  type Manifest,
  type ManifestProblem,
  readManifest,
  standardInput,
} from '../io/files/manifests.ts';
import { findNamespaceLabels, type NamespaceLabels, readNamespaceLabels } from '../io/files/namespaces.ts';
import { readPolicies, warnOnStderr } from '../io/files/policies.ts';
import { offline } from '../io/offline.ts';
import { wantsColor, writeOutput } from '../io/output.ts';
import type { CheckOptions } from './check.ts';
import { createEmptyKinds, type EmptyKinds } from './empty-kinds.ts';
import { warnOfIdleExceptions } from './idle-exceptions.ts';
import { readSettings } from './settings.ts';

/** Judges manifests and prints what was found. Returns the exit status. */
export async function check(paths: readonly string[], options: CheckOptions): Promise<number> {
  const objects = await readPolicies(options.policy ?? []);
  warnOfIdleExceptions(objects, warnOnStderr);
  const policies = createPolicySet({ ...objects, ceiling: 'Enforce' });
  const { namespace, namespaceLabels } = options;
  const stated = namespaceLabels === undefined ? new Map() : await readNamespaceLabels(namespaceLabels);
  const workloads = createWorkloads((await readSettings(options.config)).workloadKinds);
  const emptyKinds = createEmptyKinds();
  const outcome = await checkManifests(paths, { policies, namespace, stated, workloads, emptyKinds });
  for (const warning of emptyKinds.warnings()) warnOnStderr(warning);
  await writeOutput(await render(outcome, options));
  return exitStatus(outcome, options.failOn);
}

const weakestMode: Readonly<Record<CheckOptions['failOn'], Mode>> = { deny: 'Enforce', warn: 'Warn', audit: 'Audit' };

/** Broken input comes first, because what was not read may hold anything; a violation is surer than a question. */
function exitStatus({ unreadable, violating }: CheckOutcome, failOn: CheckOptions['failOn']): number {
  if (unreadable > 0) return 2;
  const findings = violating.flatMap((object) => object.findings.map(({ finding }) => finding));
  const minded = findings.filter(({ error, exception }) => !error && exception === undefined);
  if (minded.some(({ mode }) => isAtLeastAsStrict(mode, weakestMode[failOn]))) return 1;
  return findings.some(({ error }) => error) ? 3 : 0;
}

async function render(outcome: CheckOutcome, { output, lang }: CheckOptions): Promise<string> {
  if (output === 'table') return renderTable(outcome, { locale: lang, color: wantsColor() });
  const result = toCheckResult(outcome, lang);
  if (output === 'json') return renderJson(result);
  const { renderYaml } = await import('../core/render/yaml.ts');
  return renderYaml(result);
}

interface Terms {
  readonly policies: PolicySet;
  /** Where objects that name none are judged. */
  readonly namespace: string;
  /** Of namespaces, whatever the manifests say. */
  readonly stated: NamespaceLabels;
  readonly workloads: Workloads;
  readonly emptyKinds: EmptyKinds;
}

interface CheckContext extends JudgeContext {
  readonly workloads: Workloads;
  readonly emptyKinds: EmptyKinds;
}

async function checkManifests(paths: readonly string[], terms: Terms): Promise<CheckOutcome> {
  const { policies, namespace, stated, workloads, emptyKinds } = terms;
  const { files, problems } = listManifests(paths);
  const read = createReader();
  const namespaces = createNamespaces(new Map([...(await findNamespaceLabels(files, read)), ...stated]));
  const context: CheckContext = { policies, ...offline, namespaces, workloads, emptyKinds };
  const violating: CheckedObject[] = [];
  let unreadable = reportProblems(problems);
  let objects = 0;
  for (const [index, file] of files.entries()) {
    showProgress(index, files.length);
    const manifest = await read(file);
    unreadable += reportProblems(manifest.problems);
    objects += manifest.objects.length;
    for (const object of manifest.objects) {
      const checked = await checkObject(object, context, { file, namespace });
      if (checked !== undefined) violating.push(checked);
    }
  }
  showProgress(files.length, files.length);
  if (objects === 0 && unreadable === 0) {
    unreadable += reportProblems(files.map((file) => ({ file, message: 'holds no Kubernetes object' })));
  }
  return { objects, unreadable, violating };
}

/** Standard input can be read only once. */
function createReader(): (file: string) => Promise<Manifest> {
  let input: Promise<Manifest> | undefined;
  return (file) => {
    if (file !== standardInput) return readManifest(file);
    input ??= readManifest(file);
    return input;
  };
}

function reportProblems(problems: readonly ManifestProblem[]): number {
  for (const { file, position, message } of problems) {
    const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
    process.stderr.write(`sekisho: ${printable(place, 1024)}: ${printable(message, 1024)}\n`);
  }
  return problems.length;
}

const worthShowing = 500;

/** A line that overwrites itself, for a person who waits. */
function showProgress(done: number, all: number): void {
  if (all <= worthShowing || !process.stderr.isTTY || (done % 100 !== 0 && done !== all)) return;
  process.stderr.write(done === all ? '\r\u001b[K' : `\r${done}/${all}`);
}

interface Place {
  readonly file: string;
  /** Where an object that names none is judged. */
  readonly namespace: string;
}

async function checkObject(
  object: ManifestObject,
  context: CheckContext,
  place: Place,
): Promise<CheckedObject | undefined> {
  const workload = context.workloads.ofKind(object.apiVersion, object.kind);
  if (workload !== undefined) context.emptyKinds.saw(workload, object.value);
  return workload === undefined ? undefined : checkWorkload(object, workload, { ...context, ...place });
}

async function checkWorkload(
  object: ManifestObject,
  workload: Workload,
  { file, namespace, ...context }: JudgeContext & Place,
): Promise<CheckedObject | undefined> {
  const { apiVersion, kind, name } = object;
  const reference: ObjectReference = { apiVersion, kind, name, namespace: object.namespace || namespace };
  const { decision, pod, asked } = await judge({ object: object.value, workload, reference }, context);
  if (decision.findings.length === 0) return undefined;
  const findings = decision.findings.map((finding: Finding) => ({ finding, ...object.positionOf(finding.path) }));
  const repair = pod === undefined ? undefined : proposeRepair(pod, asked, deniedViolations(decision));
  return { file, reference, findings, ...(repair === undefined ? {} : { repair }) };
}
