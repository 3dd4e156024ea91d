import type { Finding } from '../core/engine/decision.ts';
import { type JudgeContext, judge } from '../core/engine/judge.ts';
import { messageOf } from '../core/error.ts';
import { isAtLeastAsStrict } from '../core/policy/mode.ts';
import { createNamespaces } from '../core/policy/namespace.ts';
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
import type { ManifestObject } from '../io/files/manifest-objects.ts';
import { checkedFiles, listManifests, type ManifestProblem, readManifest } from '../io/files/manifests.ts';
import { findNamespaceLabels } from '../io/files/namespaces.ts';
import { warnOnStderr } from '../io/files/policies.ts';
import { orderEdits } from '../io/files/text-edits.ts';
import { offline } from '../io/offline.ts';
import { wantsColor, writeOutput } from '../io/output.ts';
import { createEmptyKinds } from './empty-kinds.ts';
import type { FixOptions } from './fix.ts';
import { type ManifestTerms, readManifestTerms } from './manifest-terms.ts';
import { type JudgedObject, repairFile } from './repairing.ts';

/** Judges manifests, edits them, and prints what is left. Returns the exit status. */
export async function fix(paths: readonly string[], options: FixOptions): Promise<number> {
  const { files, problems } = listManifests(paths, checkedFiles);
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

interface Terms extends JudgeContext, Omit<ManifestTerms, 'stated' | 'weakest'> {
  /** What is repaired, and fails where that cannot be. */
  minds(finding: Finding): boolean;
}

async function readTerms(files: readonly string[], options: FixOptions): Promise<Terms> {
  const { stated, weakest, ...terms } = await readManifestTerms(options);
  return {
    ...offline,
    ...terms,
    namespaces: createNamespaces(new Map([...(await findNamespaceLabels(files, readManifest)), ...stated])),
    minds: ({ mode, exception }) => exception === undefined && isAtLeastAsStrict(mode, weakest),
  };
}

async function fixFile(path: string, terms: Terms, outcome: Outcome): Promise<void> {
  const file = readEditableFile(path);
  outcome.unreadable += reportProblems(file.problems);
  const judged = await judgeAll(file, terms);
  outcome.objects += file.documents.reduce((sum, { objects }) => sum + objects.length, 0);
  const repaired = repairFile(file, judged, terms.minds);
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
