import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const source = (path: string): string => JSON.stringify(join(import.meta.dirname, '..', '..', 'src', path));

/** A process that runs the given code once `endInOrder` watches over it, and prints what was asked of it. */
async function ending(code: string): Promise<{ code: number | null; steps: string; log: string }> {
  const script = `
    import { createLogger } from ${source('io/log.ts')};
    import { endInOrder } from ${source('commands/shutdown.ts')};
    endInOrder({
      log: createLogger('info'),
      delay: 100,
      unready: (reason) => console.log('unready: ' + reason),
      sendAway: () => console.log('sent away'),
      drain: async () => { await new Promise((resolve) => setTimeout(resolve, 50)); console.log('drained'); },
      undrained: 'something still under way',
    });
    setInterval(() => undefined, 1_000);
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [steps, log] = ['', ''];
  child.stdout.on('data', (chunk) => {
    steps += chunk;
  });
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const [exit] = (await once(child, 'close')) as [number | null];
  return { code: exit, steps, log };
}

describe('after a bug', () => {
  test('a first signal does not cut the drain short, a second does', async () => {
    const boom = "setTimeout(() => { throw new Error('boom'); }, 10);";
    const signals = (count: number): string =>
      Array.from(
        { length: count },
        (_, i) => `setTimeout(() => process.kill(process.pid, 'SIGTERM'), ${30 + 10 * i});`,
      ).join('');
    expect(await ending(boom + signals(1))).toMatchObject({ code: 1, steps: expect.stringContaining('drained') });
    expect(await ending(boom + signals(2))).toMatchObject({ code: 1, steps: expect.not.stringContaining('drained') });
  });

  test.each([
    ['an exception nobody caught', "setTimeout(() => { throw new Error('boom'); }, 10);"],
    ['a rejection nobody handled', "void Promise.reject(new Error('boom'));"],
    ['several at once', "for (let i = 0; i < 5; i++) setTimeout(() => { throw new Error('boom'); }, 10);"],
  ])('%s, the process logs it, says it is not ready, drains and exits 1', async (_what, code) => {
    const ended = await ending(code);
    expect(ended).toMatchObject({ code: 1, steps: 'unready: failed\nsent away\ndrained\n' });
    const [line] = ended.log.trim().split('\n');
    expect(JSON.parse(line ?? '')).toMatchObject({ level: 'error', error: { message: 'boom' } });
    expect(ended.log, 'what was logged last is written too').toContain('"msg":"stopped"');
  });
});
