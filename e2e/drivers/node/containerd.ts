import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageArchive } from '../../image/build.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import { runProgram } from '../program.ts';
import { waitFor } from '../waiting.ts';
import type { Machine } from './machine.ts';
import { programPath, searchPath } from './requirements.ts';

export interface Containerd {
  readonly socket: string;
  readonly process: RunningProcess;
  importImage(archive: string): Promise<void>;
}

/** containerd with everything it keeps in the folder, and the image of the sandboxes imported. */
export async function startContainerd(machine: Machine, folder: string, pause: ImageArchive): Promise<Containerd> {
  const home = join(folder, 'containerd');
  const socket = join(folder, 'containerd.sock');
  await writeNetwork(machine, home);
  const config = join(home, 'config.toml');
  await writeFile(config, configuration({ home, socket, sandboxImage: `${pause.repository}:${pause.tag}` }));
  const command = [...machine.enter, programPath('containerd') ?? 'containerd', '--config', config];
  const process = startProcess(command, [], { env: { PATH: searchPath } });
  const importImage = (archive: string): Promise<void> => importInto(socket, archive);
  await waitFor(() => existsSync(socket) || undefined, { withinMs: 20_000, what: 'containerd', process });
  await importImage(pause.archive);
  return { socket, process, importImage };
}

interface Configuration {
  readonly home: string;
  readonly socket: string;
  readonly sandboxImage: string;
}

const configuration = ({ home, socket, sandboxImage }: Configuration): string => `
version = 2
root = "${home}/root"
state = "${home}/state"

[grpc]
  address = "${socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  # Where root may not lower oom_score_adj (no CAP_SYS_RESOURCE) every sandbox would fail, with "can't get final child's PID".
  restrict_oom_score_adj = true
  # Of the pods' network namespaces: in the folder, so they go with it.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${home}/cni"
`;

/**
 * A routed network: with a bridge, the answer of a Service's pod to its neighbour would take the short way, past the
 * translation of addresses.
 */
async function writeNetwork({ podSubnet }: Machine, home: string): Promise<void> {
  const ipam = { type: 'host-local', dataDir: join(home, 'addresses'), ranges: [[{ subnet: podSubnet }]] };
  const routed = { type: 'ptp', ipam: { ...ipam, routes: [{ dst: '0.0.0.0/0' }] } };
  await mkdir(join(home, 'cni'), { recursive: true });
  const list = { cniVersion: '0.4.0', name: 'pods', plugins: [routed] };
  await writeFile(join(home, 'cni', '10-pods.conflist'), JSON.stringify(list));
}

async function importInto(socket: string, archive: string): Promise<void> {
  const ctr = programPath('ctr') ?? 'ctr';
  const args = ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive];
  const { code, stdout, stderr } = await runProgram(ctr, args, { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`ctr images import ${archive}: exit code ${code}\n${stdout}${stderr}`);
}
