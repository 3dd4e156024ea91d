import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a program made that was asked to render manifests. */
export interface Rendering {
  readonly text: string;
  /** What it said beside that: warnings. */
  readonly remarks: readonly string[];
}

/** Why there are no manifests. */
export interface RenderingFailure {
  readonly problem: string;
  /** In its own words. */
  readonly remarks: readonly string[];
}

/** A program, and what it is told: never by a shell. */
export interface Renderer {
  readonly program: string;
  readonly args: readonly string[];
}

/** No chart renders to so much; a loop in a template does. */
const longestText = 256 * 1024 * 1024;
const longestRemarks = 64 * 1024;

/** Undefined where there is no such program on the PATH. */
export async function render({ program, args }: Renderer): Promise<Rendering | RenderingFailure | undefined> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = collect(child.stdout, longestText, () => child.kill());
  const said = collect(child.stderr, longestRemarks, () => undefined);
  try {
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const remarks = linesOf(said.text());
    const command = `${program} ${args[0]}`;
    if (text.full()) return { problem: `${command} wrote more than 256 MiB`, remarks };
    if (status === 0) return { text: text.text(), remarks };
    return { problem: `${command} failed (${signal ?? `exit status ${status}`})`, remarks };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { problem: `${program} cannot be run: ${(thrown as Error).message}`, remarks: [] };
  }
}

function collect(stream: NodeJS.ReadableStream, most: number, overflow: () => void) {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= most) chunks.push(chunk);
    else overflow();
  });
  return { full: () => length > most, text: () => Buffer.concat(chunks).toString('utf8') };
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
