import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { goTools } from '../drivers/go-tools.ts';

/** Cold, on two cores, it is built in three minutes; beside other builds it takes longer. */
export const helmTimeoutMs = 20 * 60_000;

let program: Promise<string> | undefined;

/** The helm of this run: `E2E_HELM`, or built from its Go module. */
export function helmProgram(): Promise<string> {
  const given = process.env['E2E_HELM'];
  program ??= given === undefined ? goTools('helm').then((folder) => join(folder, 'helm')) : Promise.resolve(given);
  return program;
}

/** Undefined where helm can be had. */
export function whyNoHelm(): string | undefined {
  if (process.env['E2E_HELM'] !== undefined || spawnSync('go', ['version']).status === 0) return undefined;
  return 'no helm: neither E2E_HELM nor Go to build it with';
}
