import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Lines that wait for a reader which does not read. More are dropped: a stuck log must neither stop admission nor fill memory. */
const bytesWaiting = 16 * 1024 * 1024;

/** JSON lines on stderr: constant messages, facts in fields. A test passes a destination of its own. */
export function createLogger(level: LogLevel, destination: DestinationStream = standardError(level)): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(options, destination);
}

/**
 * Bytes and time that lines are collected for while they come fast: one system call for each would cost as much as the
 * line itself. The first after a pause goes out at once, because somebody may be looking for it already.
 */
const chunkBytes = 64 * 1024;
const chunkMilliseconds = 100;

/** UTF-8 takes at most so many bytes for a unit of UTF-16. */
const mostBytes = 3;

/**
 * Asynchronous, because a synchronous write waits for whoever reads the pipe, in the event loop that answers the API
 * server. Lines become bytes at once: text that waits is copied from one collection of the heap to the next, and that
 * cost more than making the line.
 */
function standardError(level: LogLevel): DestinationStream & { flush(): void } {
  // Whoever debugs wants each line when it happens.
  const immediate = level === 'debug' || level === 'trace';
  const sink = pino.destination({ dest: 2, sync: false, maxLength: bytesWaiting, contentMode: 'buffer' });
  const send = sink.write.bind(sink) as unknown as (chunk: Buffer) => void;
  // Where nobody can be told anything any more, admission goes on.
  sink.on('error', () => undefined);
  let chunk = Buffer.allocUnsafe(chunkBytes);
  let used = 0;
  const flush = (): void => {
    if (used === 0) return;
    send(chunk.subarray(0, used));
    chunk = Buffer.allocUnsafe(chunkBytes);
    used = 0;
  };
  let collecting = false;
  const collect = (): void => {
    collecting = true;
    setImmediate(flush);
    setTimeout(() => {
      collecting = false;
      flush();
    }, chunkMilliseconds).unref();
  };
  // Also after `process.exit`: the last lines say why.
  process.once('exit', () => {
    flush();
    sink.flushSync();
  });
  return {
    write(line) {
      const most = line.length * mostBytes;
      if (used + most > chunkBytes) flush();
      if (most > chunkBytes) send(Buffer.from(line));
      else used += chunk.write(line, used);
      if (immediate) flush();
      else if (!collecting) collect();
    },
    flush,
  };
}

/** A whole line, in the order in which it is read. What is undefined is left out. */
interface Line {
  readonly level: LogLevel;
  readonly time: string;
  readonly msg: string;
}

/**
 * One line, as pino would write it, serialised at one go: pino puts a line together field by field, a denial has thirty,
 * and the tree of pieces has to be flattened again. For lines of every request, after the level was asked for.
 */
export function writeLine(log: Logger, line: Line): void {
  const stream = (log as unknown as Record<symbol, DestinationStream>)[pino.symbols.streamSym];
  stream?.write(`${JSON.stringify(line)}\n`);
}

const longestText = 256;

/** Cuts what a user chose, so that one line stays one line's length. JSON escapes control characters by itself. */
export function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText).toWellFormed()}…`;
}
