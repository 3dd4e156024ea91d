import { join } from 'node:path';
import { freePort } from '../e2e/drivers/free-port.ts';
import { runProgram } from '../e2e/drivers/program.ts';
import type { Scratch } from './scratch.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const root = join(import.meta.dirname, '..');

/** Which Sekisho is measured, and the command that starts it. */
export interface Build {
  readonly name: 'dist/main.js' | 'src/main.ts' | 'bin/sekisho';
  readonly command: readonly string[];
}

export const checkout: Build = { name: 'bin/sekisho', command: [join(root, 'bin', 'sekisho')] };

/** The compiled build, as it is shipped; the sources where they do not compile. */
export async function buildSekisho(): Promise<Build> {
  const { code, stdout } = await runProgram('npm', ['run', '--silent', 'build'], { cwd: root, timeoutMs: 300_000 });
  if (code === 0) return nodeBuild('dist/main.js');
  process.stderr.write(`bench: npm run build failed, so src/main.ts is measured\n${stdout}`);
  return nodeBuild('src/main.ts');
}

function nodeBuild(name: 'dist/main.js' | 'src/main.ts'): Build {
  return { name, command: [process.execPath, join(root, name)] };
}

/** `flags` are Node's own. */
export function withNodeFlags({ name, command }: Build, flags: readonly string[]): Build {
  const [node = '', ...rest] = command;
  return { name, command: [node, ...flags, ...rest] };
}

export interface SekishoServer {
  readonly process: ServerProcess;
  readonly port: number;
  readonly readyUrl: string;
}

const onePolicy = ['--policy', join(import.meta.dirname, 'policy.yaml')];

/** Everything as shipped: restricted from a policy file, metrics, log at info level (to /dev/null). */
export async function startSekisho(
  build: Build,
  { cert, key }: Scratch,
  policy: readonly string[] = onePolicy,
): Promise<SekishoServer> {
  const [port, probePort] = [await freePort(), await freePort()];
  const ports = ['--host', '127.0.0.1', '--port', String(port), '--probe-port', String(probePort)];
  const command = [...build.command, 'serve', ...policy, ...ports, '--cert', cert, '--key', key, '--lang', 'en'];
  return { process: startServer(command), port, readyUrl: `http://127.0.0.1:${probePort}/readyz` };
}
