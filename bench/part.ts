import type { Figure } from './figures.ts';
import type { Options } from './options.ts';
import type { Scratch } from './scratch.ts';
import type { Build } from './sekisho-server.ts';

/** What every part of the benchmark is given. */
export interface Setting {
  readonly options: Options;
  readonly build: Build;
  readonly scratch: Scratch;
  /** What was typed, for the report. */
  readonly command: string;
}

/** What a part found: its chapter of RESULTS.md, and the figures that have an aim or a floor. */
export interface Part {
  /** The chapter's heading. */
  readonly title: string;
  /** With its heading. */
  readonly text: string;
  readonly figures: readonly Figure[];
}
