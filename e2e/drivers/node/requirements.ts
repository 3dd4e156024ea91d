import { accessSync, constants, globSync, readFileSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { runProgram } from '../program.ts';
import { cgroupMounts } from './cgroups.ts';

/** Debian's packages that a node is made of, and a program or file of each. */
const packages: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  'containernetworking-plugins': '/usr/lib/cni/ptp',
  nftables: 'nft',
  conntrack: 'conntrack',
  iproute2: 'ip',
  buildah: 'buildah',
  'util-linux': 'nsenter',
  gcc: 'gcc',
  'libc6-dev': '/usr/include/unistd.h',
  libatomic1: '/usr/lib/*/libatomic.so.1',
};

/** PATH as root's should be: the node's programs lie in sbin, which not every shell searches. */
export const searchPath = `${process.env['PATH']}${delimiter}/usr/local/sbin${delimiter}/usr/sbin${delimiter}/sbin`;

/** The absolute path of a program, for children that get no PATH. */
export function programPath(name: string): string | undefined {
  return searchPath
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why no node can run on this machine, in one line; `undefined` where one can. */
export async function whyNoNode(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a node runs on Linux only';
  if (process.getuid?.() !== 0) return 'a node needs root';
  const installed = (has: string): boolean =>
    has.startsWith('/') ? globSync(has).length > 0 : programPath(has) !== undefined;
  const missing = Object.entries(packages).filter(([, has]) => !installed(has));
  if (missing.length > 0) return `a node needs Debian's packages ${missing.map(([name]) => name).join(' ')}`;
  if (programPath('go') === undefined) return 'a node needs Go, to build its programs';
  if (!readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n')) return 'a node needs the overlay file system';
  return (await whyNoCgroups()) ?? whyNoNamespaces();
}

async function whyNoCgroups(): Promise<string | undefined> {
  const mounts = await cgroupMounts();
  if (mounts.length === 0) return 'a node needs control groups, and none are mounted';
  try {
    for (const mount of mounts) {
      const probe = join(mount, `sekisho-probe-${process.pid}`);
      await mkdir(probe);
      await rmdir(probe);
    }
    return undefined;
  } catch (error) {
    return `a node needs writable control groups: ${(error as Error).message}`;
  }
}

/** The machine may be a container whose root may do less than root. */
async function whyNoNamespaces(): Promise<string | undefined> {
  const attempt = 'mount -t tmpfs tmpfs /run && ip link add sekisho-probe type veth && nft list ruleset >/dev/null';
  const args = ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', attempt];
  const { code, stderr } = await runProgram('unshare', args, { env: { ...process.env, PATH: searchPath } });
  return code === 0 ? undefined : `a node needs namespaces, veth and nftables: ${stderr.trim().split('\n').at(-1)}`;
}
