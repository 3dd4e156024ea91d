import type { CheckFormat } from '../core/render/check-format.ts';
import type { CheckedObject } from '../core/render/check-result.ts';
import { type CheckTally, countAll, countObject, createTally } from '../core/render/check-tally.ts';
import { printable } from '../core/render/escape.ts';
import type { ManifestProblem } from '../io/files/manifests.ts';
import { writeOutput } from '../io/output.ts';
import type { Progress } from '../io/progress.ts';

/** What is printed while manifests are judged: nothing of it is kept but numbers. */
export interface CheckReport {
  readonly tally: CheckTally;
  problems(problems: readonly ManifestProblem[]): void;
  /** An object that breaks rules. Waits while whoever reads the output is slower. */
  object(object: CheckedObject): Promise<void> | undefined;
  /** What was judged elsewhere, whole files of it. */
  part(part: CheckPart): Promise<void> | undefined;
  end(): Promise<void>;
}

/** What a worker found in some files. */
export interface CheckPart {
  readonly tally: CheckTally;
  readonly problems: readonly ManifestProblem[];
  /** Empty where nothing breaks a rule. */
  readonly text: string;
}

/** Enough for one write to be worth it. */
const longestBatch = 64 * 1024;

export function createReport(format: CheckFormat, progress: Progress): CheckReport {
  const tally = createTally();
  let waiting = format.head;
  let file: string | undefined;
  let any = false;
  const flush = (): Promise<void> => {
    const text = waiting;
    waiting = '';
    progress.clear();
    return writeOutput(text);
  };
  const print = (text: string, between: string): Promise<void> | undefined => {
    waiting += any ? between + text : text;
    any = true;
    return waiting.length < longestBatch ? undefined : flush();
  };
  const report: CheckReport = {
    tally,
    problems(problems) {
      if (problems.length === 0) return;
      progress.clear();
      tally.unreadable += problems.length;
      for (const problem of problems) process.stderr.write(`sekisho: ${problemText(problem)}\n`);
    },
    object(object) {
      countObject(tally, object);
      const first = object.file !== file;
      file = object.file;
      return print(format.object(object, first), first ? format.between.files : format.between.objects);
    },
    part(part) {
      report.problems(part.problems);
      countAll(tally, part.tally);
      file = undefined;
      return part.text === '' ? undefined : print(part.text, format.between.files);
    },
    end() {
      waiting += format.foot(tally, any);
      return flush();
    },
  };
  return report;
}

function problemText({ file, template, position, message }: ManifestProblem): string {
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  const from = template === undefined ? '' : ` (${printable(template, 1024)})`;
  return `${printable(place, 1024)}${from}: ${printable(message, 1024)}`;
}
