import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from './build-lock.ts';
import { cacheFolder } from './cache-folder.ts';
import { startProcess } from './process.ts';
import { runProgram } from './program.ts';

export type ToolFamily =
  | 'kubernetes'
  | 'node'
  | 'etcd'
  | 'helm'
  | 'pod-security-webhook'
  | 'pod-resources'
  | 'kyverno'
  | 'gator';

interface Family {
  readonly packages: readonly string[];
  /** The file they go to; without one: named by Go. */
  readonly file?: string;
  /** The folder of its Go module in e2e/tools, where it is not named like the family. */
  readonly module?: string;
}

const kubernetesProgram = (name: string): string => `k8s.io/kubernetes/cmd/${name}`;

/** What to build of each Go module in e2e/tools. */
const families: Readonly<Record<ToolFamily, Family>> = {
  kubernetes: { packages: ['kube-apiserver', 'kubectl'].map(kubernetesProgram) },
  // Apart from the API server, which most cases are content with: they need not wait for these.
  node: {
    packages: ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'].map(kubernetesProgram),
    module: 'kubernetes',
  },
  etcd: { packages: ['go.etcd.io/etcd/server/v3'], file: 'etcd' },
  helm: { packages: ['helm.sh/helm/v4/cmd/helm'] },
  // What `sekisho check` is measured beside (bench/check.ts).
  kyverno: { packages: ['github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno'], file: 'kubectl-kyverno' },
  gator: { packages: ['github.com/open-policy-agent/gatekeeper/v3/cmd/gator'], file: 'gator' },
  'pod-security-webhook': { packages: ['k8s.io/pod-security-admission/cmd/webhook'], file: 'pod-security-webhook' },
  // Our own: upstream has this as a library only.
  'pod-resources': { packages: ['.'], file: 'pod-resources' },
};

/** There is no Go on this machine. */
export class GoMissing extends Error {}

/** The folder with the family's programs: from the user's cache, built first if they are not in it. */
export async function goTools(family: ToolFamily): Promise<string> {
  const { packages, module = family } = families[family];
  const source = join(import.meta.dirname, '..', 'tools', module);
  const goMod = await readFile(join(source, 'go.mod'), 'utf8');
  const ldflags = linkerFlags(goMod);
  const goSum = await readFile(join(source, 'go.sum'), 'utf8');
  const inputs = [goMod, goSum, await goVersion(source), ldflags, packages, ...(await ownSources(source))];
  const hash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  const folder = join(cacheFolder, `${family}-${hash}`);
  if (existsSync(folder)) return folder;

  await mkdir(cacheFolder, { recursive: true });
  using _lock = await lockFile(`${folder}.lock`, () => say(`another run is building ${family}; waiting for it`));
  if (!existsSync(folder)) await build(family, { source, folder, ldflags });
  return folder;
}

/** Of a program that is written here and not only named. */
async function ownSources(source: string): Promise<readonly string[]> {
  const files = (await readdir(source)).filter((file) => file.endsWith('.go')).sort();
  return Promise.all(files.map((file) => readFile(join(source, file), 'utf8')));
}

/** Kubernetes' programs refuse to work with one that does not know its own version; helm prints its own. */
function linkerFlags(goMod: string): string {
  const values: string[] = [];
  const kubernetes = /^\s*k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/m.exec(goMod);
  for (const at of kubernetes === null ? [] : ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']) {
    values.push(`${at}.gitVersion=${kubernetes?.[1]}`);
    values.push(`${at}.gitMajor=${kubernetes?.[2]}`, `${at}.gitMinor=${kubernetes?.[3]}`);
  }
  const helm = /^\s*helm\.sh\/helm\/v4 (v\S+)/m.exec(goMod);
  if (helm !== null) values.push(`helm.sh/helm/v4/internal/version.version=${helm[1]}`);
  return ['-s -w', ...values.map((value) => `-X ${value}`)].join(' ');
}

async function goVersion(source: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], { cwd: source });
  if (code === 127) throw new GoMissing('go is not on the PATH');
  if (code !== 0) throw new Error(`go env failed in ${source}: ${stderr}`);
  return stdout;
}

interface Build {
  readonly source: string;
  readonly folder: string;
  readonly ldflags: string;
}

async function build(family: ToolFamily, { source, folder, ldflags }: Build): Promise<void> {
  const half = `${folder}.building`; // we hold the lock: what is here belongs to a build that was killed
  await rm(half, { recursive: true, force: true });
  await mkdir(half);
  const { packages, file = '' } = families[family];
  const started = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - started) / 1000)} s`;
  say(`building ${family} from its Go modules, once (kubernetes with a cold Go cache: minutes)`);
  const progress = setInterval(() => say(`still building ${family}, ${seconds()}`), 15_000);
  try {
    // Cases may be running meanwhile (build-ahead.ts); they come first.
    const args = ['build', `-ldflags=${ldflags}`, '-o', join(half, file) + (file === '' ? '/' : ''), ...packages];
    const go = startProcess(['nice', '-n', '19', 'go'], args, { env: process.env, cwd: source });
    const code = await go.exited;
    if (code !== 0) throw new Error(`go build of ${family} failed with exit code ${code}:\n${go.output()}`);
    await rename(half, folder);
    say(`built ${family} in ${seconds()}`);
  } finally {
    clearInterval(progress);
    await rm(half, { recursive: true, force: true });
  }
}

function say(text: string): void {
  process.stderr.write(`e2e: ${text}\n`);
}
