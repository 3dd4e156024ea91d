import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Holds a file for this process until disposed. It is SQLite's lock, hence the kernel's: it ends with the process that
 * held it, so a stale lock cannot exist and nobody has to guess whether a process id is still alive.
 */
export async function lockFile(path: string, onWait: () => void): Promise<Disposable> {
  const database = new DatabaseSync(path, { timeout: 0 });
  for (let waited = false; ; waited = true) {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return { [Symbol.dispose]: () => database.close() };
    } catch (error) {
      if (!isBusy(error)) {
        database.close();
        throw error;
      }
    }
    if (!waited) onWait();
    await sleep(250);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
