import type { Mode } from '../core/policy/mode.ts';
import { createNamespaces } from '../core/policy/namespace.ts';
import { jsonFormat, yamlFormat } from '../core/render/check-documents.ts';
import type { CheckFormat } from '../core/render/check-format.ts';
import { type CheckTally, isBroken } from '../core/render/check-tally.ts';
import { tableFormat } from '../core/render/table.ts';
import type { Manifest } from '../io/files/manifests.ts';
import { addNamespaceLabels, mayHoldNamespace, type NamespaceLabels } from '../io/files/namespaces.ts';
import { warnOnStderr } from '../io/files/policies.ts';
import { keepYoungHeap } from '../io/heap.ts';
import { offline } from '../io/offline.ts';
import { wantsColor } from '../io/output.ts';
import { createProgress, type Progress } from '../io/progress.ts';
import type { CheckOptions } from './check.ts';
import { type CheckInputs, findInputs } from './check-inputs.ts';
import { type CheckContext, checkObject, type Origin } from './check-object.ts';
import { type CheckReport, createReport } from './check-report.ts';
import { readManifestTerms } from './manifest-terms.ts';

/** Judges manifests and prints what was found. Returns the exit status. */
export async function check(paths: readonly string[], options: CheckOptions): Promise<number> {
  const { stated, weakest, ...terms } = await readManifestTerms(options);
  const inputs = findInputs(paths, options);
  const progress = createProgress(inputs.files.length, { stream: process.stderr, environment: process.env });
  const report = createReport(await formatOf(options, terms.policies.policies.length > 1), progress);
  report.problems(inputs.problems);
  const namespaces = createNamespaces(await labelsIn(inputs, stated));
  const context: CheckContext = { ...offline, ...terms, namespaces };
  await checkInputs(inputs, { context, report, progress });
  await report.end();
  for (const warning of terms.emptyKinds.warnings()) warnOnStderr(warning);
  return exitStatus(report.tally, weakest);
}

/** Broken input comes first, because what was not read may hold anything; a violation is surer than a question. */
function exitStatus(tally: CheckTally, weakest: Mode): number {
  if (tally.unreadable > 0) return 2;
  if (isBroken(tally, weakest)) return 1;
  return tally.errors > 0 ? 3 : 0;
}

/** Whether findings name their policy cannot depend on what the last of ten thousand files will show. */
async function formatOf({ output, lang: locale }: CheckOptions, naming: boolean): Promise<CheckFormat> {
  if (output === 'table') return tableFormat({ locale, color: wantsColor(), naming });
  if (output === 'json') return jsonFormat(locale);
  const { renderYaml } = await import('../core/render/yaml.ts');
  return yamlFormat(locale, renderYaml);
}

/**
 * Those of the Namespace objects among what is checked; of two of one name the later, which kubectl would apply last. What
 * was stated comes before.
 */
async function labelsIn(
  { files, streams, read, rendered }: CheckInputs,
  stated: NamespaceLabels,
): Promise<NamespaceLabels> {
  const labels = new Map<string, ReadonlyMap<string, string>>();
  for (const file of files) {
    if (!streams.has(file) && !mayHoldNamespace(file)) continue;
    for (const manifest of await read(file)) addNamespaceLabels(manifest, labels);
  }
  for (const each of rendered) for (const manifest of await each.read()) addNamespaceLabels(manifest, labels);
  return new Map([...labels, ...stated]);
}

interface Checking {
  readonly context: CheckContext;
  readonly report: CheckReport;
}

/**
 * One file after another, on one thread: beside a second one, ten thousand files took as long (starting it costs what it
 * saves), and of a hundred thousand a quarter of the time was saved for twice the memory.
 */
async function checkInputs(inputs: CheckInputs, { progress, ...checking }: Checking & Progressing): Promise<void> {
  const { files, read, rendered } = inputs;
  keepYoungHeap();
  for (const [index, file] of files.entries()) {
    progress.step(index);
    await checkAll(await read(file), { file }, checking);
  }
  progress.end();
  for (const { name: file, read } of rendered) await checkAll(await read(), { file, rendered: true }, checking);
  const { objects, unreadable } = checking.report.tally;
  if (objects > 0 || unreadable > 0) return;
  const empty = [...files, ...rendered.map(({ name }) => name)];
  checking.report.problems(empty.map((file) => ({ file, message: 'holds no Kubernetes object' })));
}

interface Progressing {
  readonly progress: Progress;
}

async function checkAll(manifests: Iterable<Manifest>, origin: Origin, { context, report }: Checking): Promise<void> {
  for (const { objects, problems } of manifests) {
    report.problems(problems);
    report.tally.objects += objects.length;
    for (const object of objects) {
      const checked = await checkObject(object, origin, context);
      if (checked !== undefined) await report.object(checked);
    }
  }
}
