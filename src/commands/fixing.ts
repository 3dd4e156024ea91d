import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../core/engine/decision.ts';
import { type AppliedObject, type JudgeContext, type Judgement, judge } from '../core/engine/judge.ts';
import { repairObject } from '../core/engine/repair-object.ts';
import { messageOf } from '../core/error.ts';
import type { FieldPath } from '../core/pod/field-path.ts';
import { createPatchedCopy, type PatchOperation } from '../core/pod/patch.ts';
import { createWorkloads, type Workloads } from '../core/pod/workloads.ts';
import { isAtLeastAsStrict, type Mode } from '../core/policy/mode.ts';
import { createNamespaces } from '../core/policy/namespace.ts';
import { createPolicySet } from '../core/policy/policy-set.ts';
import type { CheckedObject } from '../core/render/check-result.ts';
import { printable } from '../core/render/escape.ts';
import {
  type FixOutcome,
  type RefusedRepair,
  type RepairedFile,
  renderFixTable,
  toFixResult,
} from '../core/render/fix-result.ts';
import { renderJson } from '../core/render/json.ts';
import { type EditableFile, parseEditable, readEditableFile, writeEdited } from '../io/files/editable-file.ts';
import { editManifest, type ManifestRefusal } from '../io/files/manifest-edits.ts';
import type { ManifestObject } from '../io/files/manifest-objects.ts';
import { listManifests, type ManifestProblem, readManifest } from '../io/files/manifests.ts';
import { findNamespaceLabels, readNamespaceLabels } from '../io/files/namespaces.ts';
import { readPolicies, warnOnStderr } from '../io/files/policies.ts';
import { orderEdits } from '../io/files/text-edits.ts';
import { offline } from '../io/offline.ts';
import { wantsColor, writeOutput } from '../io/output.ts';
import type { CheckOptions } from './check.ts';
import { createEmptyKinds, type EmptyKinds } from './empty-kinds.ts';
import type { FixOptions } from './fix.ts';
import { warnOfIdleExceptions } from './idle-exceptions.ts';
import { readSettings } from './settings.ts';

/** Judges manifests, edits them, and prints what is left. Returns the exit status. */
export async function fix(paths: readonly string[], options: FixOptions): Promise<number> {
  const { files, problems } = listManifests(paths);
  const terms = await readTerms(files, options);
  const outcome: Outcome = {
    dryRun: options.dryRun === true,
    objects: 0,
    unreadable: reportProblems(problems),
    violating: [],
    repaired: [],
    refused: [],
  };
  for (const file of files) await fixFile(file, terms, outcome);
  for (const warning of terms.emptyKinds.warnings()) warnOnStderr(warning);
  if (outcome.objects === 0 && outcome.unreadable === 0) {
    outcome.unreadable = reportProblems(files.map((file) => ({ file, message: 'holds no Kubernetes object' })));
  }
  await writeOutput(await render(outcome, options));
  return exitStatus(outcome, terms);
}

interface Outcome extends FixOutcome {
  objects: number;
  unreadable: number;
  readonly violating: CheckedObject[];
  readonly repaired: RepairedFile[];
  readonly refused: RefusedRepair[];
}

const weakestMode: Readonly<Record<CheckOptions['failOn'], Mode>> = { deny: 'Enforce', warn: 'Warn', audit: 'Audit' };

/** As `check`, of what is left; a dry run in which something would change is no pass. */
function exitStatus({ unreadable, violating, dryRun, repaired }: Outcome, { minds }: Terms): number {
  if (unreadable > 0) return 2;
  const findings = violating.flatMap((object) => object.findings.map(({ finding }) => finding));
  if ((dryRun && repaired.length > 0) || findings.some((finding) => !finding.error && minds(finding))) return 1;
  return findings.some(({ error }) => error) ? 3 : 0;
}

async function render(outcome: FixOutcome, { output, lang }: FixOptions): Promise<string> {
  if (output === 'table') return renderFixTable(outcome, { locale: lang, color: wantsColor() });
  const result = toFixResult(outcome, lang);
  if (output === 'json') return renderJson(result);
  const { renderYaml } = await import('../core/render/yaml.ts');
  return renderYaml(result);
}

interface Terms extends JudgeContext {
  readonly workloads: Workloads;
  readonly emptyKinds: EmptyKinds;
  /** Where objects that name none are judged. */
  readonly namespace: string;
  /** What is repaired, and fails where that cannot be. */
  minds(finding: Finding): boolean;
}

async function readTerms(files: readonly string[], options: FixOptions): Promise<Terms> {
  const objects = await readPolicies(options.policy ?? []);
  warnOfIdleExceptions(objects, warnOnStderr);
  const { namespace, namespaceLabels, failOn } = options;
  const stated = namespaceLabels === undefined ? new Map() : await readNamespaceLabels(namespaceLabels);
  return {
    ...offline,
    policies: createPolicySet({ ...objects, ceiling: 'Enforce' }),
    namespaces: createNamespaces(new Map([...(await findNamespaceLabels(files, readManifest)), ...stated])),
    workloads: createWorkloads((await readSettings(options.config)).workloadKinds),
    emptyKinds: createEmptyKinds(),
    namespace,
    minds: ({ mode, exception }) => exception === undefined && isAtLeastAsStrict(mode, weakestMode[failOn]),
  };
}

async function fixFile(path: string, terms: Terms, outcome: Outcome): Promise<void> {
  const file = readEditableFile(path);
  outcome.unreadable += reportProblems(file.problems);
  const judged = await judgeAll(file, terms);
  outcome.objects += file.documents.reduce((sum, { objects }) => sum + objects.length, 0);
  const repaired = repairFile(file, judged, terms);
  outcome.refused.push(...reportRefusals(repaired.refused));
  if (repaired.edited === undefined || !write(file, repaired.edited.text, outcome)) {
    outcome.violating.push(...judged.flatMap((object) => checkedObject(object, path)));
    return;
  }
  const { text, edits, violations } = repaired.edited;
  outcome.repaired.push({ file: path, before: file.text, edits: orderEdits(edits), violations });
  const after = await judgeAll(parseEditable(text, path), { ...terms, emptyKinds: createEmptyKinds() });
  // Where nothing was written a finding is looked for in the file as it is.
  const places = outcome.dryRun ? judged : after;
  outcome.violating.push(...after.flatMap((object, index) => checkedObject(object, path, places[index]?.object)));
}

/** Whether the file holds the text now, or would. */
function write(file: EditableFile, text: string, outcome: Outcome): boolean {
  if (outcome.dryRun) return true;
  try {
    writeEdited(file, text);
    return true;
  } catch (thrown) {
    outcome.unreadable += reportProblems([{ file: file.file, message: messageOf(thrown) }]);
    return false;
  }
}

interface JudgedObject {
  readonly object: ManifestObject;
  /** The number of its document in the file. */
  readonly document: number;
  readonly applied: AppliedObject;
  readonly judgement: Judgement;
}

async function judgeAll(
  { documents }: Pick<EditableFile, 'documents'>,
  { workloads, emptyKinds, namespace, ...context }: Terms,
): Promise<readonly JudgedObject[]> {
  const judged: JudgedObject[] = [];
  for (const [document, { objects }] of documents.entries()) {
    for (const object of objects) {
      const { apiVersion, kind, name, value } = object;
      const workload = workloads.ofKind(apiVersion, kind);
      if (workload === undefined) continue;
      emptyKinds.saw(workload, value);
      const reference = { apiVersion, kind, name, namespace: object.namespace || namespace };
      const applied = { object: value, workload, reference };
      judged.push({ object, document, applied, judgement: await judge(applied, context) });
    }
  }
  return judged;
}

function checkedObject(
  { object, applied, judgement }: JudgedObject,
  file: string,
  placed: ManifestObject = object,
): readonly CheckedObject[] {
  const { findings } = judgement.decision;
  if (findings.length === 0) return [];
  const { reference } = applied;
  return [{ file, reference, findings: findings.map((finding) => ({ finding, ...placed.positionOf(finding.path) })) }];
}

interface Repaired {
  readonly edited?: { readonly text: string; readonly edits: RepairedFile['edits']; readonly violations: number };
  readonly refused: readonly RefusedRepair[];
}

/** What cannot be edited is left out, and what is left is tried again. */
function repairFile(file: EditableFile, judged: readonly JudgedObject[], terms: Terms): Repaired {
  const refused: ManifestRefusal[] = [];
  for (;;) {
    const plan = planOf(file, judged, { ...terms, refused });
    const why = refused.map((refusal) => placeRefusal(file, refusal));
    if (plan.violations === 0) return { refused: why };
    if (file.problems.length > 0) return { refused: [{ file: file.file, message: partUnreadable }] };
    const edited = editManifest(file.text, file.file, plan.values);
    if ('text' in edited) return { edited: { ...edited, violations: plan.violations }, refused: why };
    const { refusals } = edited;
    const known = refused.length;
    refused.push(...refusals.filter((refusal) => plan.touches(refusal)));
    if (refused.length === known) return { refused: refusals.map((refusal) => placeRefusal(file, refusal)) };
  }
}

const partUnreadable = 'a part of it cannot be read';

interface Plan {
  readonly values: ReadonlyMap<number, unknown>;
  readonly violations: number;
  touches(refusal: ManifestRefusal): boolean;
}

/** What each document is to mean. */
function planOf(
  { documents }: EditableFile,
  judged: readonly JudgedObject[],
  { minds, refused }: Terms & { readonly refused: readonly ManifestRefusal[] },
): Plan {
  const copies = new Map<number, ReturnType<typeof createPatchedCopy>>();
  const made: { readonly document: number; readonly path: FieldPath }[] = [];
  let violations = 0;
  for (const { object, document, applied, judgement } of judged) {
    const inDocument = ({ path }: PatchOperation) => ({ document, path: [...object.path, ...path] });
    const permits = (operations: readonly PatchOperation[]): boolean =>
      !operations.some((operation) => refused.some((refusal) => meets(refusal, inDocument(operation))));
    const repair = repairObject(applied, judgement, { minds, permits });
    if (repair === undefined) continue;
    violations += repair.satisfied;
    const copy = copies.get(document) ?? createPatchedCopy(documents[document]?.value);
    copies.set(document, copy);
    for (const operation of repair.operations) {
      const place = inDocument(operation);
      made.push(place);
      copy.apply({ ...operation, path: place.path });
    }
  }
  return {
    values: new Map([...copies].map(([document, copy]) => [document, copy.value()])),
    violations,
    touches: (refusal) => refusal.path !== undefined && made.some((place) => meets(refusal, place)),
  };
}

/** Whether one lies in the other. */
function meets(
  refusal: ManifestRefusal,
  { document, path }: { readonly document: number; readonly path: FieldPath },
): boolean {
  if (refusal.document !== document || refusal.path === undefined) return false;
  const shared = Math.min(refusal.path.length, path.length);
  return isDeepStrictEqual(refusal.path.slice(0, shared), path.slice(0, shared));
}

function placeRefusal({ file, documents }: EditableFile, { document, path, message }: ManifestRefusal): RefusedRepair {
  const position = path && documents[document ?? 0]?.position(path);
  return { file, ...position, message };
}

function reportRefusals(refusals: readonly RefusedRepair[]): readonly RefusedRepair[] {
  for (const { file, line, column, message } of refusals) {
    report(line === undefined ? file : `${file}:${line}:${column}`, `not repaired: ${message}`);
  }
  return refusals;
}

function reportProblems(problems: readonly ManifestProblem[]): number {
  for (const { file, position, message } of problems) {
    report(position === undefined ? file : `${file}:${position.line}:${position.column}`, message);
  }
  return problems.length;
}

function report(place: string, message: string): void {
  process.stderr.write(`sekisho: ${printable(place, 1024)}: ${printable(message, 1024)}\n`);
}
