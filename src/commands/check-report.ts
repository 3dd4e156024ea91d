import { type CheckFormat, createWriter } from '../core/render/check-format.ts';
import type { CheckedObject } from '../core/render/check-result.ts';
import { type CheckTally, countObject, createTally } from '../core/render/check-tally.ts';
import { printable } from '../core/render/escape.ts';
import type { ManifestProblem } from '../io/files/manifests.ts';
import { writeOutput } from '../io/output.ts';
import type { Progress } from '../io/progress.ts';

/** What is printed while manifests are judged: nothing of it is kept but numbers. */
export interface CheckReport {
  readonly tally: CheckTally;
  problems(problems: readonly ManifestProblem[]): void;
  /** An object that breaks rules. Waits while whoever reads the output is slower than we are. */
  object(object: CheckedObject): Promise<void> | undefined;
  end(): Promise<void>;
}

/** Enough for one write to be worth it. */
const longestBatch = 64 * 1024;

export function createReport(format: CheckFormat, progress: Progress): CheckReport {
  const tally = createTally();
  let waiting = format.head;
  const writer = createWriter(format);
  const flush = (): Promise<void> => {
    const text = waiting;
    waiting = '';
    // On one terminal with results that may end in the middle of a line, it would overwrite them; they show how it goes.
    if (process.stdout.isTTY) progress.end();
    return writeOutput(text);
  };
  return {
    tally,
    problems(problems) {
      if (problems.length > 0) progress.clear();
      tally.unreadable += problems.length;
      for (const problem of problems) process.stderr.write(`sekisho: ${problemText(problem)}\n`);
    },
    object(object) {
      countObject(tally, object);
      waiting += writer.object(object);
      return waiting.length < longestBatch ? undefined : flush();
    },
    end() {
      waiting += writer.foot(tally);
      return flush();
    },
  };
}

/** Whoever reads a log wants the reason and not all that a program had to say. */
const mostRemarks = 30;

function problemText({ file, template, position, message, remarks = [] }: ManifestProblem): string {
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  const from = template === undefined ? '' : ` (${printable(template, 1024)})`;
  const said = remarks.slice(0, mostRemarks).map((line) => `  ${printable(line, 1024)}`);
  return [`${printable(place, 1024)}${from}: ${printable(message, 1024)}`, ...said].join('\n');
}
