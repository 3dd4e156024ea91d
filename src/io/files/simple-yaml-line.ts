import { SekishoError } from '../../core/error.ts';
import { resolveScalar } from './yaml-scalar.ts';

/* What simple-yaml.ts reads within one line: scalars and flow collections. */

/** Made once: it is a way out, not a failure, and has no need of a stack. */
export const unusual = new SekishoError('ManifestInvalid', 'not simple YAML');

export const deepest = 100;

/** By the object or list that a key or item stands in. */
export type Places = Map<object, Map<string | number, number>>;

export function note(
  places: Places | undefined,
  parent: object,
  { key, offset }: { key: string | number; offset: number },
): void {
  if (places === undefined) return;
  const known = places.get(parent);
  if (known === undefined) places.set(parent, new Map([[key, offset]]));
  else known.set(key, offset);
}

/** A line that means something, without its indentation. */
export interface Line {
  readonly indent: number;
  readonly text: string;
  /** Of the text. */
  readonly offset: number;
}

export function keyOf(text: string): string {
  const resolved = resolveScalar(text, true);
  if ('invalid' in resolved || resolved.value === null || text === '__proto__') throw unusual;
  return String(resolved.value);
}

const quoted = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]*)"|'([\x20-\x26\x28-\x7e]*)')(?: *$| +#)/;
/** One line of text that begins with no indicator; a colon or a number sign in it must be text, too. */
const plain =
  /^(?=[A-Za-z0-9_./+]|-[A-Za-z0-9_./-])(?:[\x21\x22\x24-\x39\x3b-\x7e]|:(?=[\x21-\x7e])|(?<=[\x21-\x7e])#| +(?![ #]|$))+(?= *$| +#)/;

/** A value at the end of the line of its key or dash. */
export function readInline(text: string, line: Line, places: Places | undefined): unknown {
  const first = text[0];
  if (first === '[' || first === '{') {
    return readFlow({ text, at: 0, base: line.offset + line.text.length - text.length, places });
  }
  if (first === '"' || first === "'") {
    const match = quoted.exec(text);
    if (match === null) throw unusual;
    return match[1] ?? match[2] ?? '';
  }
  const scalar = plain.exec(text)?.[0];
  if (scalar === undefined) throw unusual;
  return plainValue(scalar);
}

function plainValue(text: string): unknown {
  const resolved = resolveScalar(text, true);
  if ('invalid' in resolved) throw unusual;
  return resolved.value;
}

interface Flow {
  readonly text: string;
  at: number;
  /** The offset of the text. */
  readonly base: number;
  readonly places: Places | undefined;
}

function readFlow(flow: Flow): unknown {
  const value = readFlowValue(flow, 0);
  if (!/^(?: *$| +#)/.test(flow.text.slice(flow.at))) throw unusual;
  return value;
}

const flowText =
  /(?:"([\x20\x21\x23-\x5b\x5d-\x7e]*)"|'([\x20-\x26\x28-\x7e]*)'|((?=[A-Za-z0-9_./+]|-[A-Za-z0-9_./-])[A-Za-z0-9_./+=@-]+(?: +[A-Za-z0-9_./+=@-]+)*)) *(?=[\],}])/y;
const flowKey = /([A-Za-z_][A-Za-z0-9_./-]*): +/y;

function take(pattern: RegExp, flow: Flow): RegExpExecArray {
  pattern.lastIndex = flow.at;
  const match = pattern.exec(flow.text);
  if (match === null) throw unusual;
  flow.at = pattern.lastIndex;
  return match;
}

function skipSpaces(flow: Flow): void {
  while (flow.text[flow.at] === ' ') flow.at++;
}

function readFlowValue(flow: Flow, depth: number): unknown {
  if (depth > deepest) throw unusual;
  const first = flow.text[flow.at];
  if (first === '[') return readFlowList(flow, depth);
  if (first === '{') return readFlowMap(flow, depth);
  const [, double, single, bare] = take(flowText, flow);
  return bare === undefined ? (double ?? single ?? '') : plainValue(bare);
}

function readFlowList(flow: Flow, depth: number): unknown {
  const list: unknown[] = [];
  const read = (): void => {
    note(flow.places, list, { key: list.length, offset: flow.base + flow.at });
    list.push(readFlowValue(flow, depth + 1));
  };
  readFlowItems(flow, ']', read);
  return list;
}

function readFlowMap(flow: Flow, depth: number): unknown {
  const map: Record<string, unknown> = {};
  const read = (): void => {
    const offset = flow.base + flow.at;
    const key = keyOf(take(flowKey, flow)[1] ?? '');
    if (Object.hasOwn(map, key)) throw unusual;
    note(flow.places, map, { key, offset });
    map[key] = readFlowValue(flow, depth + 1);
  };
  readFlowItems(flow, '}', read);
  return map;
}

function readFlowItems(flow: Flow, close: string, read: () => void): void {
  flow.at++;
  skipSpaces(flow);
  while (flow.text[flow.at] !== close) {
    read();
    skipSpaces(flow);
    if (flow.text[flow.at] === close) break;
    if (flow.text[flow.at] !== ',') throw unusual;
    flow.at++;
    skipSpaces(flow);
    // A comma at the end is allowed in YAML, and rare.
    if (flow.text[flow.at] === close) throw unusual;
  }
  flow.at++;
}
