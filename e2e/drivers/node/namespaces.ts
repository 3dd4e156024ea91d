import { startProcess } from '../process.ts';
import { waitFor } from '../waiting.ts';
import { programPath, searchPath } from './requirements.ts';

/** Which namespaces of Linux to make, and what to run in them. */
export interface Namespaces {
  /** Flags of unshare. */
  readonly flags: readonly string[];
  /** Arguments for a shell that prints `NAME PID` when all is ready in there, and then stays. */
  readonly shell: readonly string[];
  readonly name: string;
  readonly what: string;
}

/** Makes namespaces and furnishes them; when the process that holds them ends, the kernel removes all that is in them. */
export async function makeNamespaces<T extends object>(
  { flags, shell, name, what }: Namespaces,
  furnish: (pid: string) => Promise<T>,
): Promise<T & AsyncDisposable> {
  const command = [programPath('unshare') ?? 'unshare', ...flags, '--fork', '--kill-child', 'sh', ...shell];
  const holder = startProcess(command, [], { env: { PATH: searchPath }, graceMs: 500 });
  const ready = new RegExp(`^${name} (\\d+)$`, 'm');
  try {
    const pid = await waitFor(() => ready.exec(holder.output())?.[1], { withinMs: 10_000, what, process: holder });
    return { ...(await furnish(pid)), [Symbol.asyncDispose]: holder.stop };
  } catch (error) {
    await holder.stop();
    throw error;
  }
}
