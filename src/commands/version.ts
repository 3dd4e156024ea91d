import { readFileSync } from 'node:fs';
import type { Command } from 'commander';

export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('Print the version of sekisho and of Node.js')
    .action(() => {
      process.stdout.write(`sekisho ${packageVersion()} (Node.js ${process.versions.node})\n`);
    });
}

/** From package.json, which is two folders up from here in the checkout and in the compiled package alike. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
