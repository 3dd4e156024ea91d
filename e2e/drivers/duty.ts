import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duty } from './caretaker.ts';

/** Has the duty done when disposed, or when this process is gone without having done so (see caretaker.ts). */
export function leaveDuty(duty: Duty, env: NodeJS.ProcessEnv): AsyncDisposable {
  const caretaker = spawn(process.execPath, [join(import.meta.dirname, 'caretaker.ts')], {
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(caretaker, 'exit');
  caretaker.stdin.write(JSON.stringify(duty)); // not in an argument: those are visible to everybody on the machine
  return {
    [Symbol.asyncDispose]: async () => {
      caretaker.stdin.end();
      await ended;
    },
  };
}
