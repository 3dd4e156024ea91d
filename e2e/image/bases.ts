import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runProgram } from '../drivers/program.ts';
import { buildImage, forgetLayers, hasImage } from './buildah.ts';

const node = process.execPath;
const npmVersion = '11.19.1';
const authorities = '/etc/ssl/certs/ca-certificates.crt';

/** What the production base has of Debian, and what npm needs to run besides. */
const runtimePackages = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1', 'ca-certificates'];
const buildPackages = [
  ...[...runtimePackages, 'dash', 'coreutils'],
  ...['libacl1', 'libattr1', 'libselinux1', 'libpcre2-8-0', 'libgmp10', 'libssl3'],
];

/** The images that everything else is built on. */
export interface Bases {
  readonly runtime: string;
  readonly build: string;
}

/** Makes both bases from the files of this machine's Debian packages. `recipe` changes when they have to be made anew. */
export async function makeBases(recipe: string): Promise<Bases> {
  const registry = (await npm(['config', 'get', 'registry'])).trim();
  const hash = createHash('sha256')
    .update(JSON.stringify([recipe, registry]))
    .digest('hex')
    .slice(0, 16);
  const bases = { runtime: `localhost/sekisho-e2e/runtime:${hash}`, build: `localhost/sekisho-e2e/build:${hash}` };
  if ((await hasImage(bases.runtime)) && (await hasImage(bases.build))) return bases;
  await forgetLayers(); // all of them lie on older bases: a gigabyte that nothing will be built on
  const context = await mkdtemp(join(tmpdir(), 'sekisho-e2e-bases-'));
  try {
    await layOutRuntime(join(context, 'runtime'));
    await mkdir(join(context, 'home'));
    await layOutBuild(join(context, 'build'), registry);
    for (const target of ['runtime', 'build'] as const) await buildBase(context, target, bases[target]);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
  return bases;
}

/** One stage of Dockerfile.base, each of which copies the file or folder of its name. */
export async function buildBase(context: string, target: string, name: string): Promise<void> {
  const dockerfile = join(import.meta.dirname, 'Dockerfile.base');
  await buildImage(name, ['--file', dockerfile, '--target', target, context]);
}

async function layOutRuntime(root: string): Promise<void> {
  await layOutDebian(root, runtimePackages);
  await put(node, join(root, 'nodejs/bin/node'));
}

/** Asks the registry that this machine asks, which may be a mirror. */
async function layOutBuild(root: string, registry: string): Promise<void> {
  await layOutDebian(root, buildPackages);
  await put(node, join(root, 'usr/local/bin/node'));
  await npm(['install', '--global', '--prefix', join(root, 'usr/local'), '--ignore-scripts', `npm@${npmVersion}`]);
  await mkdir(join(root, 'usr/local/etc'));
  await writeFile(join(root, 'usr/local/etc/npmrc'), `registry=${registry}\n`);
}

async function npm(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram('npm', args, { timeoutMs: 300_000 });
  if (code !== 0) throw new Error(`npm ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return stdout;
}

async function layOutDebian(root: string, packages: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runProgram('dpkg', ['-L', ...packages]);
  if (code !== 0) throw new Error(`the base image is made of Debian packages that are not installed here: ${stderr}`);
  for (const path of new Set(stdout.split('\n').filter(belongsInAnImage))) {
    // A folder of the package may be a link here: /lib is one since /usr was merged.
    if ((await stat(path).catch(() => undefined))?.isFile()) await put(path, join(root, path));
  }
  await put(authorities, join(root, authorities)); // made on installation, hence of no package
  await mkdir(join(root, 'home'));
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777); // mkdir would heed the umask
  const users = ['root:x:0:0:root:/root:/sbin/nologin', 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin'];
  await writeFile(join(root, 'etc/passwd'), `${users.join('\n')}\n`);
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  await symlink('/proc/mounts', join(root, 'etc/mtab'));
}

function belongsInAnImage(path: string): boolean {
  return path.startsWith('/') && !/^\/usr\/share\/(doc|man|info|locale|lintian)\/|\/gconv\//.test(path);
}

async function put(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { verbatimSymlinks: true });
}
