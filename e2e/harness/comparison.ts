import type { ApiAnswer } from './api-client.ts';
import { verdictOf } from './pod-requests.ts';
import type { Twins } from './pod-security-twins.ts';

/** The same request in both twins. */
export interface Comparison {
  readonly twins: Twins;
  /** The pod, or the update and the pod. */
  readonly subject: unknown;
  readonly ofLabels: ApiAnswer;
  readonly ofSekisho: ApiAnswer;
}

export function isDenied({ ofLabels }: Comparison): boolean {
  return verdictOf(ofLabels, 'labels') === 'denied';
}

function differs({ ofLabels, ofSekisho }: Comparison): boolean {
  const verdict = verdictOf(ofLabels, 'labels');
  return verdict === 'other' || verdict !== verdictOf(ofSekisho, 'sekisho');
}

/** Everything that is needed to look into a difference; empty where there is none. */
export function differences(compared: readonly Comparison[]): readonly string[] {
  const answer = ({ code, message }: ApiAnswer): string => `${code} ${message}`.trim();
  return compared.filter(differs).map(({ twins: { level, version }, subject, ofLabels, ofSekisho }) => {
    const answers = `labels: ${answer(ofLabels)}\n  Sekisho: ${answer(ofSekisho)}`;
    return `${level} ${version}\n  ${answers}\n  ${JSON.stringify(subject)}`;
  });
}

/** Prints one line for each row, and a total. */
export function printComparison<T extends Comparison>(
  heading: string,
  compared: readonly T[],
  rowOf: (comparison: T) => string,
): void {
  const line = (row: string, those: readonly T[]): string => {
    const counts = [those.length, those.filter(isDenied).length, those.filter(differs).length];
    return row.padEnd(24) + counts.map((count) => String(count).padStart(12)).join('');
  };
  const rows = Map.groupBy(compared, rowOf);
  console.log(
    [
      heading.padEnd(24) + ['compared', 'denied', 'differences'].map((column) => column.padStart(12)).join(''),
      ...[...rows].map(([row, those]) => line(row, those)),
      line('total', compared),
    ].join('\n'),
  );
}
