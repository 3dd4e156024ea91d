import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { WatchEvent } from './client.ts';

/** After the end that was asked for, the API server gets this long to come to it. */
const graceMilliseconds = 10_000;

/** How long a watch may be silent: its own length, after which the API server ends it. */
export function watchSilence(path: string): number {
  const asked = new URLSearchParams(path.split('?', 2)[1]).get('timeoutSeconds');
  return Number(asked ?? 60) * 1_000 + graceMilliseconds;
}

export interface EventLimits {
  /** Milliseconds. A connection that is half open is silent for ever. */
  readonly silence: number;
  readonly longestLine: number;
}

/** The lines of a watch. Throws where one is no event, too long, cut off, or does not come. */
export async function* readEvents(response: IncomingMessage, limits: EventLimits): AsyncIterable<WatchEvent> {
  const decoder = new StringDecoder('utf8');
  const timer = setTimeout(() => response.destroy(new Error('the watch fell silent')), limits.silence);
  let rest = '';
  try {
    for await (const chunk of response) {
      timer.refresh();
      rest += decoder.write(chunk as Buffer);
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > limits.longestLine) throw new Error(`an event is longer than ${limits.longestLine} characters`);
      for (const line of lines) if (line !== '') yield parseEvent(line);
    }
  } finally {
    clearTimeout(timer);
  }
  if (rest !== '') throw new Error('the watch ended within an event');
}

const types: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

function parseEvent(line: string): WatchEvent {
  const event = JSON.parse(line) as WatchEvent | null;
  if (typeof event === 'object' && event !== null && types.has(event.type)) return event;
  throw new Error('a line of the watch is no event');
}
