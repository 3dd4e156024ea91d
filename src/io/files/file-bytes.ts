import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** One for all files: of a buffer for each of a hundred thousand, the system keeps more than they hold at any time. */
let room: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
/** Beyond it a buffer is not kept. */
const largestKept = 4 * 1024 * 1024;

/** Lends the bytes of a file for as long as `use` looks at them. Throws where the file cannot be read. */
export function withFileBytes<T>(file: string, use: (bytes: Buffer) => T): T {
  const descriptor = openSync(file, 'r');
  try {
    let bytes = room;
    let length = 0;
    for (;;) {
      // One byte more than the file has: reading to its end tells that it did not grow.
      if (length === bytes.length) bytes = enlarged(bytes, length + fstatSync(descriptor).size + 1);
      const read = readSync(descriptor, bytes, length, bytes.length - length, null);
      if (read === 0) break;
      length += read;
    }
    if (bytes.length <= largestKept) room = bytes;
    return use(bytes.subarray(0, length));
  } finally {
    closeSync(descriptor);
  }
}

function enlarged(bytes: Buffer, size: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * bytes.length));
  bytes.copy(larger);
  return larger;
}
