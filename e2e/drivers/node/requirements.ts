import { accessSync, constants, globSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheFolder } from '../cache-folder.ts';
import { runProgram } from '../program.ts';
import { cgroupMounts, createCgroups, missingControllers, removeCgroups } from './cgroups.ts';

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
  return (await whyNoCgroups()) ?? whyNoNamespaces();
}

async function whyNoCgroups(): Promise<string | undefined> {
  if ((await cgroupMounts()).length === 0) return 'a node needs control groups, and none are mounted';
  const probe = `sekisho-probe-${process.pid}`;
  try {
    await createCgroups(probe);
    const missing = await missingControllers(probe);
    return missing.length === 0 ? undefined : `a node needs the cgroup controllers ${missing.join(' ')}`;
  } catch (error) {
    return `a node needs writable control groups: ${(error as Error).message}`;
  } finally {
    await removeCgroups(probe);
  }
}

/**
 * What machine.sh, containerd, buildah and kube-proxy do: in a container, root may be less than root, and its disk an
 * overlay on which no other can be laid.
 */
const attempt = `
set -e
for folder; do
  probe=$(mktemp -d "$folder/sekisho-probe-XXXXXX")
  trap 'umount "$probe/merged" 2>/dev/null || true; rm -rf "$probe"' EXIT
  mkdir "$probe/upper" "$probe/work" "$probe/merged"
  mount -t overlay overlay -o "lowerdir=/var/lib,upperdir=$probe/upper,workdir=$probe/work" "$probe/merged"
  umount "$probe/merged"
  rm -rf "$probe"
done
mount -t tmpfs tmpfs /run
ip link add sekisho-probe type veth
nft list ruleset >/dev/null`;

async function whyNoNamespaces(): Promise<string | undefined> {
  await mkdir(cacheFolder, { recursive: true });
  const flags = ['--net', '--mount', '--pid', '--fork', '--mount-proc'];
  const args = [...flags, 'sh', '-c', attempt, 'sh', tmpdir(), cacheFolder];
  const { code, stderr } = await runProgram('unshare', args, { env: { ...process.env, PATH: searchPath } });
  if (code === 0) return undefined;
  return `a node needs namespaces, overlay mounts, veth and nftables: ${stderr.trim().split('\n')[0]}`;
}
