import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, SekishoError } from '../../core/error.ts';
import { type IgnoreRules, parseIgnoreRules } from './ignore-rules.ts';

/** The ignore files from the given folder down to one of those below it. */
export interface Ignoring {
  /** What holds for something in this folder; undefined where it is left out. */
  below(name: string, folder: boolean): Ignoring | undefined;
  /** The same with the ignore file of this folder, if it has one. Throws where it cannot be read. */
  in(folder: string, file: string | undefined): Ignoring;
}

interface Level {
  readonly rules: IgnoreRules;
  /** From the folder of the rules to where we are. */
  readonly path: readonly string[];
}

/** Where a path begins that was given on the command line: whoever names it wants it checked. */
export const nothingIgnored: Ignoring = createIgnoring([]);

function createIgnoring(levels: readonly Level[]): Ignoring {
  const ignoring: Ignoring = {
    below(name, folder) {
      if (levels.length === 0) return ignoring;
      const deeper = levels.map(({ rules, path }) => ({ rules, path: [...path, name] }));
      return isIgnored(deeper, folder) ? undefined : createIgnoring(deeper);
    },
    in(folder, file) {
      const text = file === undefined ? undefined : readIfThere(folder, file);
      return text === undefined ? ignoring : createIgnoring([...levels, { rules: parseIgnoreRules(text), path: [] }]);
    },
  };
  return ignoring;
}

/** The deepest file that has an opinion decides. */
function isIgnored(levels: readonly Level[], folder: boolean): boolean {
  for (const { rules, path } of levels.toReversed()) {
    const verdict = rules.verdict(path, folder);
    if (verdict !== undefined) return verdict;
  }
  return false;
}

function readIfThere(folder: string, file: string): string | undefined {
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SekishoError('FileUnreadable', `${file}: ${messageOf(thrown)}`, thrown);
  }
}
