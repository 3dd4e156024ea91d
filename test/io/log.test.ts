import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const log = JSON.stringify(join(import.meta.dirname, '..', '..', 'src', 'io', 'log.ts'));

/** What a process had written to stderr when it was killed: nothing that it still wanted to say. */
async function writtenUntilKilled(code: string): Promise<readonly string[]> {
  const script = `
    import { createLogger } from ${log};
    const log = createLogger('info');
    const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    ${code}
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).msg]));
}

describe('the log', () => {
  test('writes the first line after a pause at once, for whoever looks for it already', async () => {
    expect(await writtenUntilKilled("log.info('first'); await wait(40);")).toEqual(['first']);
    const later = "log.info('first'); await wait(250); log.info('second'); await wait(40);";
    expect(await writtenUntilKilled(later)).toEqual(['first', 'second']);
  });

  test('collects the lines that follow fast, and writes them soon', async () => {
    const lines = Array.from({ length: 5 }, (_, i) => `log.info('${i}'); await wait(1);`).join('');
    expect(await writtenUntilKilled(`${lines} await wait(400);`)).toEqual(['0', '1', '2', '3', '4']);
  });
});
