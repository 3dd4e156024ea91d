import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What can be measured by itself: throughput, unless `--only` says more; the others take minutes and a whole API server. */
const partNames = ['throughput', 'scale', 'latency', 'check'] as const;

export type PartName = (typeof partNames)[number];

export interface Options {
  readonly only: readonly PartName[];
  /** Length of one measurement of one target. */
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  /** Exit 1 where a floor of the acceptance is missed. */
  readonly check: boolean;
  /** Say where the time goes, also where no aim is missed. */
  readonly profile: boolean;
  /** Leave out what is built of Go modules: Kubernetes' own webhook, Kyverno, Gatekeeper. */
  readonly go: boolean;
  readonly out: string;
}

export const usage = `usage: node bench/run.ts [--only throughput|scale|latency|check] [--seconds 4] [--rounds 5] [--connections 16] [--check] [--profile] [--no-go] [--out FILE]`;

export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    allowNegative: true,
    options: {
      only: { type: 'string', multiple: true, default: ['throughput'] },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '16' },
      check: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      go: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
      out: { type: 'string', default: join(import.meta.dirname, 'RESULTS.md') },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    process.exit();
  }
  return {
    ...values,
    only: values.only.map(partNamed),
    seconds: within('--seconds', values.seconds, [0.5, 60]),
    rounds: within('--rounds', values.rounds, [1, 50]),
    connections: within('--connections', values.connections, [1, 200]),
  };
}

function partNamed(text: string): PartName {
  const name = partNames.find((each) => each === text);
  if (name !== undefined) return name;
  throw new Error(`--only is one of ${partNames.join(', ')}\n${usage}`);
}

function within(option: string, text: string, [least, most]: readonly [number, number]): number {
  const number = Number(text);
  if (number >= least && number <= most) return number;
  throw new Error(`${option} is a number from ${least} to ${most}\n${usage}`);
}
