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

/** Lines are collected up to this length or time: one write for each would cost as much as the line itself. */
const writeLength = 64 * 1024;
const writeMilliseconds = 100;

/**
 * Asynchronous, because a synchronous write waits for whoever reads the pipe, in the event loop that answers the API
 * server. Lines are joined here: pino's destination measures each string it is given, which costs more than the line.
 */
function standardError(level: LogLevel): DestinationStream & { flush(): void } {
  // Whoever debugs wants each line when it happens.
  const collected = level === 'debug' || level === 'trace' ? 0 : writeLength;
  const sink = pino.destination({ dest: 2, sync: false, maxLength: bytesWaiting });
  // Where nobody can be told anything any more, admission goes on.
  sink.on('error', () => undefined);
  let lines: string[] = [];
  let length = 0;
  const flush = (): void => {
    if (length === 0) return;
    sink.write(lines.join(''));
    lines = [];
    length = 0;
  };
  setInterval(flush, writeMilliseconds).unref();
  // Also after `process.exit`: the last lines say why.
  process.once('exit', () => {
    flush();
    sink.flushSync();
  });
  return {
    write(line) {
      lines.push(line);
      length += line.length;
      if (length >= collected) flush();
    },
    flush,
  };
}

const longestText = 256;

/** Cuts what a user chose, so that one line stays one line's length. JSON escapes control characters by itself. */
export function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText).toWellFormed()}…`;
}
