import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Below it there is nothing worth a pause: a server with a few policies has some thirty MiB. */
const worthwhileBytes = 64 * 1024 * 1024;

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

let collect: Collect | undefined;

/**
 * Collects what reading thousands of documents left, and gives the memory back. V8 would keep the room for as long as
 * nobody asks anything: a thousand policies are some seven MiB, and reading them takes ninety more. A pause of some ten
 * milliseconds, so only where nobody waits for an answer yet.
 */
export function giveBackMemory(): void {
  if (getHeapStatistics().total_heap_size < worthwhileBytes) return;
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
    setFlagsFromString('--no-expose-gc');
  }
  collect({ type: 'major', flavor: 'last-resort' });
}

/**
 * From now on the room for what is new stays as large as it is. V8 doubles it, up to 64 MiB, wherever much is made and
 * soon forgotten: that would be half of all memory of somebody who reads one file after another, and not one second less.
 */
export function keepYoungHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
