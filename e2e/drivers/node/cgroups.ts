import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where control groups are mounted: one hierarchy with version 2, one for each controller with version 1. */
export async function cgroupMounts(): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    return /^cgroup2? /.test(after) ? [before.split(' ')[4] ?? ''] : [];
  });
}

/** Makes a group of this name in every hierarchy: kubelet wants its root to be there, with these controllers. */
export async function createCgroups(name: string): Promise<void> {
  for (const mount of await cgroupMounts()) {
    for (const controller of await wantedControllers(mount)) {
      // Refused where processes are in the root itself, as in a container; then missingControllers tells.
      await writeFile(join(mount, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
    await mkdir(join(mount, name), { recursive: true });
  }
}

/** What kubelet would miss in the group: with version 2 a group has the controllers that its parent passes on. */
export async function missingControllers(name: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const mount of await cgroupMounts()) {
    const has = await controllersOf(join(mount, name));
    missing.push(...(await wantedControllers(mount)).filter((controller) => !has.includes(controller)));
  }
  return missing;
}

/** None with version 1, where the file does not exist. */
async function wantedControllers(mount: string): Promise<readonly string[]> {
  const available = await controllersOf(mount);
  return ['cpu', 'cpuset', 'memory', 'pids', 'hugetlb'].filter((controller) => available.includes(controller));
}

async function controllersOf(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'cgroup.controllers'), 'utf8').catch(() => '');
  return text.trim().split(' ');
}

/** The processes of the groups that have this name, in whatever depth below `root`, as this machine counts them. */
export async function processesOf(root: string, name: string): Promise<readonly number[]> {
  const found = new Set<number>();
  for (const mount of await cgroupMounts()) {
    for (const folder of await foldersIn(join(mount, root))) {
      if (folder.endsWith(`/${name}`)) for (const pid of await processesIn(folder)) found.add(pid);
    }
  }
  return [...found];
}

/** Kills what is left in the groups and removes them, deepest first. They stay busy until their last process is gone. */
export async function removeCgroups(name: string): Promise<void> {
  if (!/^sekisho-[\w-]+$/.test(name)) throw new Error(`not control groups of ours: ${name}`); // '' would be the machine's
  for (let attempt = 1; attempt <= 100; attempt += 1) {
    const left = (await Promise.all((await cgroupMounts()).map((mount) => foldersIn(join(mount, name))))).flat();
    if (left.length === 0) return;
    for (const folder of left.reverse()) {
      for (const pid of await processesIn(folder)) kill(pid);
      await rmdir(folder).catch(() => undefined);
    }
    await sleep(100);
  }
}

/** The folder itself and all below it, parents first. */
async function foldersIn(folder: string): Promise<string[]> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) return [];
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const below = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return [folder, ...below].sort();
}

async function processesIn(folder: string): Promise<readonly number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
