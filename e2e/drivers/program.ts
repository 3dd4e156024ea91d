import { execFile } from 'node:child_process';

export interface Outcome {
  /** The exit code; 127 when there is no such program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

/** Runs a short program to its end. Never throws for its exit code. */
export function runProgram(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { env = process.env, cwd, stdin, timeoutMs = 60_000 } = options;
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 256 * 1024 * 1024 } as const;
  return new Promise((resolve) => {
    const child = execFile(program, [...args], { env, cwd, ...limits }, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr });
      if (error.code === 'ENOENT') return resolve({ code: 127, stdout, stderr: error.message });
      const code = typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr: error.killed === true ? `${stderr}killed after ${timeoutMs} ms` : stderr });
    });
    child.stdin?.on('error', () => {}); // it may end without reading
    child.stdin?.end(stdin ?? '');
  });
}
