import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startApiServer } from './api-server.ts';
import type { ApiServerBinaries, Driver } from './cluster.ts';
import { useKubeconfig } from './external.ts';
import { GoMissing, goTools } from './go-tools.ts';
import { kindEngine, startKind } from './kind.ts';

/** Why there is no API server, and what to do about it. */
export interface NoApiServer {
  readonly missing: string;
}

/**
 * Starts the first driver that fits. The ambient KUBECONFIG is never looked at: a failing webhook does not belong on a
 * cluster that somebody happened to be logged in to.
 */
export async function startDriver(env: NodeJS.ProcessEnv): Promise<Driver | NoApiServer> {
  const kubeconfig = env['E2E_KUBECONFIG'];
  if (kubeconfig) return useKubeconfig(kubeconfig, env);
  const engine = await kindEngine();
  if (engine !== undefined) return startKind(engine, env);
  return startLocalApiServer(env);
}

/** The API server alone: of `KUBEBUILDER_ASSETS`, or built from Go modules. */
export async function startLocalApiServer(env: NodeJS.ProcessEnv): Promise<Driver | NoApiServer> {
  const assets = env['KUBEBUILDER_ASSETS'];
  if (assets) return startApiServer(binariesIn(assets, assets), 'assets');
  try {
    return await startApiServer(binariesIn(await goTools('etcd'), await goTools('kubernetes')), 'go');
  } catch (error) {
    if (error instanceof GoMissing) return { missing: waysOut };
    throw error;
  }
}

function binariesIn(etcdFolder: string, kubernetesFolder: string): ApiServerBinaries {
  const binaries = {
    etcd: join(etcdFolder, 'etcd'),
    kubeApiserver: join(kubernetesFolder, 'kube-apiserver'),
    kubectl: join(kubernetesFolder, 'kubectl'),
  };
  const missing = Object.values(binaries).filter((path) => !existsSync(path));
  if (missing.length > 0) throw new Error(`no such file: ${missing.join(', ')} (KUBEBUILDER_ASSETS?)`);
  return binaries;
}

const waysOut = [
  'no API server: Go is not on the PATH, so it cannot be built. Any one of these helps:',
  '  - install Go (the version in e2e/tools/kubernetes/go.mod, or any from 1.21 that may download it)',
  '  - KUBEBUILDER_ASSETS=FOLDER with etcd, kube-apiserver and kubectl in it (setup-envtest makes one)',
  '  - install kind, with a Docker or Podman engine running',
  '  - E2E_KUBECONFIG=FILE of a cluster that may be harmed, with E2E_WEBHOOK_ADDRESS, this machine as it sees it',
].join('\n');
