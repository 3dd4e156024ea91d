import { createHash, type Hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFile } from '../drivers/build-lock.ts';
import { cacheFolder } from '../drivers/cache-folder.ts';
import { runProgram } from '../drivers/program.ts';
import { buildBase, makeBases } from './bases.ts';
import { buildah, buildImage } from './buildah.ts';

const checkout = join(import.meta.dirname, '..', '..');

/** An image as a file that containerd can import, and the name it then has. */
export interface ImageArchive {
  readonly repository: string;
  readonly tag: string;
  readonly archive: string;
}

const baseInputs = ['Dockerfile.base', 'bases.ts', 'pause.c'].map((name) => `e2e/image/${name}`);
const imageInputs = ['Dockerfile', '.dockerignore', '.npmrc', 'LICENSE', 'package*.json', 'tsconfig*.json', 'src/**'];

/** Sekisho's image of this checkout, from its own Dockerfile, by the name that the chart has. Built once for the same inputs. */
export async function buildSekishoImage(): Promise<ImageArchive> {
  const base = await hashOf(baseInputs);
  const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as { version: string };
  const image = { repository: 'sekisho.dev/sekisho', tag: version };
  return cached(`image-sekisho-${await hashOf([...baseInputs, ...imageInputs])}`, image, async (name) => {
    const { build, runtime } = await makeBases(base);
    await buildImage(name, ['--build-arg', `BUILD_IMAGE=${build}`, '--build-arg', `NODE_IMAGE=${runtime}`, checkout]);
  });
}

/** The image of the process that holds a pod's namespaces together. */
export async function buildPauseImage(): Promise<ImageArchive> {
  const image = { repository: 'sekisho.dev/pause', tag: 'test' };
  return cached(`image-pause-${await hashOf(baseInputs)}`, image, async (name) => {
    const context = await mkdtemp(join(tmpdir(), 'sekisho-e2e-pause-'));
    try {
      const source = join(import.meta.dirname, 'pause.c');
      const { code, stderr } = await runProgram('gcc', ['-static', '-Os', '-s', '-o', join(context, 'pause'), source]);
      if (code !== 0) throw new Error(`gcc: exit code ${code}\n${stderr}`);
      await buildBase(context, 'pause', name);
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  });
}

/** The archive from the cache, made first if it is not in it. The name in the archive is the same for every hash. */
async function cached(
  key: string,
  { repository, tag }: Omit<ImageArchive, 'archive'>,
  make: (name: string) => Promise<void>,
): Promise<ImageArchive> {
  const archive = join(cacheFolder, `${key}.tar`);
  await mkdir(cacheFolder, { recursive: true });
  // One lock for all images: buildah's storage is one.
  using _lock = await lockFile(join(cacheFolder, 'image.lock'), () => say('another run is building images; waiting'));
  if (!existsSync(archive)) {
    const started = performance.now();
    const local = localName(key);
    await make(local);
    await forgetHalf();
    const half = `${archive}.${process.pid}`;
    // By its id: by its name, the archive would carry that name too.
    const id = (await buildah('images', ['--quiet', '--no-trunc', local])).trim();
    await buildah('push', [id, `docker-archive:${half}:${repository}:${tag}`]);
    await rename(half, archive);
    await forget(key.slice(0, key.lastIndexOf('-')));
    say(`built the image ${repository}:${tag} in ${Math.round((performance.now() - started) / 1000)} s`);
  }
  const now = new Date();
  await utimes(archive, now, now);
  return { repository, tag, archive };
}

const localName = (key: string): string => `localhost/sekisho-e2e/${key}`;
const kept = 6;

/** Every change of the source makes an archive of 200 MB: only those used last are kept. */
async function forget(prefix: string): Promise<void> {
  const names = (await readdir(cacheFolder)).filter((name) => name.startsWith(`${prefix}-`) && name.endsWith('.tar'));
  const aged = names.map(async (name) => ({ name, usedAt: (await stat(join(cacheFolder, name))).mtimeMs }));
  const oldest = (await Promise.all(aged)).sort((a, b) => b.usedAt - a.usedAt).slice(kept);
  for (const { name } of oldest) {
    await rm(join(cacheFolder, name), { force: true });
    await buildah('rmi', [localName(name.slice(0, -'.tar'.length))]).catch(() => undefined); // gone already
  }
}

/** We hold the lock: what is here belongs to a build that was killed. */
async function forgetHalf(): Promise<void> {
  const names = (await readdir(cacheFolder)).filter((name) => /^image-.*\.tar\.\d+$/.test(name));
  for (const name of names) await rm(join(cacheFolder, name), { force: true });
}

async function hashOf(patterns: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  const paths: string[] = [];
  for await (const path of glob([...patterns], { cwd: checkout })) paths.push(path);
  for (const path of paths.sort()) await addFile(hash, path);
  return hash.digest('hex').slice(0, 16);
}

async function addFile(hash: Hash, path: string): Promise<void> {
  const absolute = join(checkout, path);
  if ((await stat(absolute)).isFile()) hash.update(JSON.stringify([path, await readFile(absolute, 'base64')]));
}

function say(text: string): void {
  process.stderr.write(`e2e: ${text}\n`);
}
