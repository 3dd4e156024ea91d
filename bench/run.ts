/** Measures Sekisho; see options.ts, and RESULTS.md for what comes out. */
import { writeChapter } from './chapters.ts';
import { measureCheck } from './check.ts';
import { measureLatency } from './latency.ts';
import { canPin, leaveServerCore } from './machine.ts';
import { type PartName, parseOptions } from './options.ts';
import type { Part, Setting } from './part.ts';
import { measureScale } from './scale.ts';
import { makeScratch } from './scratch.ts';
import { buildSekisho } from './sekisho-server.ts';
import { measureThroughput } from './throughput.ts';

const options = parseOptions(process.argv.slice(2));

const parts: Readonly<Record<PartName, (setting: Setting) => Promise<Part>>> = {
  throughput: measureThroughput,
  scale: measureScale,
  latency: measureLatency,
  check: measureCheck,
};

async function main(): Promise<void> {
  if (!canPin) say('taskset or a second core is missing: nothing is pinned, and the figures say little');
  leaveServerCore();
  await using scratch = await makeScratch();
  const build = await buildSekisho();
  const command = ['node bench/run.ts', ...process.argv.slice(2).map(withoutFolder)].join(' ');
  for (const name of options.only) {
    say(`measuring ${name} of ${build.name}`);
    const part = await parts[name]({ options, build, scratch, command });
    await writeChapter(options.out, part);
    process.stdout.write(part.text);
    if (options.check) enforceFloors(part);
  }
  if (options.check && process.exitCode !== 1) say('all floors that were measured are met');
}

/** Where this machine keeps its files is nobody's business. */
function withoutFolder(argument: string): string {
  return argument.includes('/') ? (argument.split('/').at(-1) ?? '') : argument;
}

function enforceFloors({ figures }: Part): void {
  for (const { name, floor, floorMet, reached } of figures) {
    if (floorMet !== false) continue;
    process.exitCode = 1;
    say(`FAILED: ${name}: ${reached}, the floor is ${floor}`);
  }
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  await main();
} catch (thrown) {
  process.exitCode = 1;
  say(thrown instanceof Error ? thrown.message : String(thrown));
}
