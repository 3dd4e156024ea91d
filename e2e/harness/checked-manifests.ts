import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { runProgram } from '../drivers/program.ts';
import { sekishoEnvironment, sekishoProgram } from './sekisho-program.ts';

/** A finding as `sekisho check -o json` prints it. */
export interface CheckedFinding {
  readonly object: { readonly kind: string; readonly name: string; readonly namespace: string };
  readonly policy: string;
  readonly rule: string;
  readonly mode: 'Enforce' | 'Warn' | 'Audit';
  readonly path: string;
  readonly message: string;
  readonly container?: string;
  readonly exception?: { readonly name: string };
}

export interface CheckRequest {
  /** Made for this run. */
  readonly folder: string;
  readonly objects: readonly unknown[];
  /** `--policy`, `--namespace`, `--lang` and the like. */
  readonly args: readonly string[];
}

/** Runs `sekisho check` over the objects, every second one written as YAML: what it found, by `Kind/name`. */
export async function checkManifests(request: CheckRequest): Promise<ReadonlyMap<string, readonly CheckedFinding[]>> {
  const { folder, objects, args } = request;
  await mkdir(folder);
  for (const [index, object] of objects.entries()) {
    const [text, ending] = index % 2 === 0 ? [JSON.stringify(object), 'json'] : [stringify(object), 'yaml'];
    await writeFile(join(folder, `${index}.${ending}`), text);
  }
  const { code, stdout, stderr } = await runSekisho(['check', '-o', 'json', ...args, folder], '');
  if (code > 1) throw new Error(`sekisho check: exit code ${code}\n${stderr}`);
  const { findings, summary } = JSON.parse(stdout) as {
    readonly findings: readonly CheckedFinding[];
    readonly summary: { readonly objects: number };
  };
  if (summary.objects !== objects.length) throw new Error(`${summary.objects} of ${objects.length} objects were read`);
  return Map.groupBy(findings, ({ object: { kind, name } }) => `${kind}/${name}`);
}

/** Runs `sekisho review` over the reviews: their responses, in the same order. */
export async function answerReviews<T>(reviews: readonly unknown[], args: readonly string[]): Promise<readonly T[]> {
  const stdin = reviews.map((review) => JSON.stringify(review)).join('\n');
  const { code, stdout, stderr } = await runSekisho(['review', ...args], stdin);
  if (code !== 0) throw new Error(`sekisho review: exit code ${code}\n${stderr}`);
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { readonly response: T }).response);
}

function runSekisho(args: readonly string[], stdin: string) {
  return runProgram(sekishoProgram, args, { env: sekishoEnvironment('/nonexistent'), stdin, timeoutMs: 120_000 });
}
