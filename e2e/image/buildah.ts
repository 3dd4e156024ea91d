import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../drivers/cache-folder.ts';
import { startProcess } from '../drivers/process.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';

const storage = join(cacheFolder, 'buildah');

/** Short commands, on a storage of the suite's own: nobody's images are touched, and layers are kept between runs. */
export async function buildah(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args);
  if (code !== 0) throw new Error(`buildah ${command} ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

export async function hasImage(name: string): Promise<boolean> {
  return (await run('inspect', ['--type', 'image', name])).code === 0;
}

/** Empties the storage, which is but a cache of layers: what was built is in archives. */
export async function forgetLayers(): Promise<void> {
  await run('rm', ['--all']);
  await run('rmi', ['--all', '--force']);
}

async function run(command: string, args: readonly string[]): Promise<Outcome> {
  return runProgram('buildah', [...(await ownStorage()), command, ...args], { timeoutMs: 120_000 });
}

/** No engine and no registry: RUN steps are plain processes in a changed root, on the network of this machine. */
export async function buildImage(name: string, args: readonly string[]): Promise<void> {
  const command = ['build', '--isolation', 'chroot', '--layers', '--pull-never', '--tag', name, ...args];
  // Ends with us, and comes after the cases that run meanwhile (build-ahead.ts).
  const line = ['nice', '-n', '19', 'buildah', ...(await ownStorage())];
  const build = startProcess(line, command, { env: process.env });
  const code = await build.exited;
  if (code !== 0) throw new Error(`buildah ${command.join(' ')}: exit code ${code}\n${build.output()}`);
}

async function ownStorage(): Promise<readonly string[]> {
  await mkdir(storage, { recursive: true });
  return ['--root', join(storage, 'root'), '--runroot', join(storage, 'run'), '--storage-driver', 'overlay'];
}
