import { type Load, type LoadOptions, load, type Target } from './load.ts';
import { median, spread } from './statistics.ts';

/** A target and what each round gave, in order. */
export interface Series {
  readonly name: string;
  readonly rounds: readonly Load[];
}

/** V8 takes so long to compile the path of a denied pod as far as it goes, on a core that is busy answering. */
const warmUpSeconds = 8;

/** Warms every target up, then measures them in turn, so that what the machine does meanwhile hits all of them. */
export async function measureInTurn(
  targets: readonly Target[],
  rounds: number,
  options: LoadOptions,
): Promise<readonly Series[]> {
  const results = targets.map(({ name }) => ({ name, rounds: [] as Load[] }));
  for (const target of targets) {
    say(`warming up ${target.name}`);
    await load(target, { ...options, seconds: warmUpSeconds });
  }
  for (let round = 1; round <= rounds; round++) {
    for (const [index, target] of targets.entries()) {
      const measured = await load(target, options);
      results[index]?.rounds.push(measured);
      say(`round ${round} of ${rounds}: ${target.name} ${Math.round(measured.perCore)} per CPU second`);
    }
  }
  return results;
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** How many times as fast, within each round; undefined where one of them was not measured. */
export function ratioOf(name: string, to: string, all: readonly Series[]): Ratio | undefined {
  const series = all.find((each) => each.name === name);
  const base = all.find((each) => each.name === to);
  if (series === undefined || base === undefined) return undefined;
  const ratios = series.rounds.map(({ perCore }, round) => perCore / (base.rounds[round]?.perCore ?? Number.NaN));
  return { median: median(ratios), ...spread(ratios) };
}

export function medianOf(series: Series, field: keyof Load): number {
  return median(series.rounds.map((round) => round[field]));
}
