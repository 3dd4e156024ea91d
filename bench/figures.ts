import type { Evaluation } from './evaluation.ts';
import { type Ratio, ratioOf, type Series } from './rounds.ts';

/** The names of the targets: the columns of every table. */
export const names = {
  bare: 'bare node:https',
  compliant: 'sekisho, compliant pod',
  denied: 'sekisho, denied pod',
  goCompliant: 'pod-security-webhook, compliant pod',
  goDenied: 'pod-security-webhook, denied pod',
} as const;

/** What one run found. */
export interface Measured {
  readonly series: readonly Series[];
  readonly evaluation: Evaluation;
  /** Milliseconds. */
  readonly start: { readonly build: number; readonly checkout: number };
  /** MiB. */
  readonly memory: { readonly idle: number | undefined; readonly loaded: number | undefined };
}

/** One figure of the acceptance, beside what was reached. */
export interface Figure {
  readonly name: string;
  readonly reached: string;
  readonly aim: string;
  readonly aimMet: boolean | undefined;
  readonly floor?: string;
  /** Undefined where it could not be measured. */
  readonly floorMet?: boolean | undefined;
}

export function figuresOf(measured: Measured): readonly Figure[] {
  const { series, evaluation, start, memory } = measured;
  return [
    ratioFigure('compliant pod / bare', ratioOf(names.compliant, names.bare, series), [0.85, 0.7]),
    ratioFigure('compliant pod / Kubernetes’ own', ratioOf(names.compliant, names.goCompliant, series), [3.3, 2.5]),
    ratioFigure('denied pod / bare', ratioOf(names.denied, names.bare, series), [0.6, 0.5]),
    ratioFigure('denied pod / Kubernetes’ own', ratioOf(names.denied, names.goDenied, series), [3, 2.5]),
    limitFigure('evaluation of one pod', evaluation.judgeCompliant, [8, 'µs', 1]),
    limitFigure('evaluation of one pod, every rule of every section', evaluation.judgeEveryGroup, [15, 'µs', 1]),
    limitFigure('spawn to ready, compiled', start.build, [1_000, 'ms', 0]),
    limitFigure('spawn to ready, bin/sekisho', start.checkout, [1_000, 'ms', 0]),
    limitFigure('idle RSS', memory.idle, [110, 'MiB', 0]),
  ];
}

/** Without a floor it is shown beside the others, and nothing fails by it. */
export function ratioFigure(name: string, ratio: Ratio | undefined, [aim, floor]: readonly [number, number?]): Figure {
  const reached =
    ratio === undefined ? 'SKIPPED' : `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}–${ratio.most.toFixed(2)})`;
  const holds = (bound: number): boolean | undefined => ratio && ratio.median >= bound;
  const figure = { name, reached, aim: `≥ ${rounded(aim)}`, aimMet: holds(aim) };
  return floor === undefined ? figure : { ...figure, floor: `≥ ${rounded(floor)}`, floorMet: holds(floor) };
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

type Limit = readonly [aim: number, unit: string, digits: number];

export function limitFigure(name: string, value: number | undefined, [aim, unit, digits]: Limit): Figure {
  const text = `≤ ${aim} ${unit}`;
  if (value === undefined) return { name, reached: 'SKIPPED', aim: text, aimMet: undefined };
  return { name, reached: `${value.toFixed(digits)} ${unit}`, aim: text, aimMet: value <= aim };
}
