import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../drivers/cache-folder.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';

const storage = join(cacheFolder, 'buildah');

/** Runs buildah on a storage of the suite's own: nobody's images are touched, and its layers are kept between runs. */
export async function buildah(command: string, args: readonly string[]): Promise<string> {
  await mkdir(storage, { recursive: true });
  const { code, stdout, stderr } = await run(command, args);
  if (code !== 0) throw new Error(`buildah ${command} ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

export async function hasImage(name: string): Promise<boolean> {
  return (await run('inspect', ['--type', 'image', name])).code === 0;
}

/** No engine and no registry: RUN steps are plain processes in a changed root, on the network of this machine. */
export async function buildImage(name: string, args: readonly string[]): Promise<void> {
  await buildah('build', ['--isolation', 'chroot', '--layers', '--pull-never', '--tag', name, ...args]);
}

function run(command: string, args: readonly string[]): Promise<Outcome> {
  const place = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run'), '--storage-driver', 'overlay'];
  // As the programs in Go: cases that run meanwhile come first.
  return runProgram('nice', ['-n', '19', 'buildah', ...place, command, ...args], { timeoutMs: 900_000 });
}
