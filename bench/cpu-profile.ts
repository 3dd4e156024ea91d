/** The parts of V8's .cpuprofile that say where samples fell. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of nodes. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export interface Share {
  readonly name: string;
  readonly share: number;
}

/** All shares are of the whole time: a server under load is never idle. */
export interface ProfileSummary {
  /** Self time. */
  readonly modules: readonly Share[];
  /** Self time. */
  readonly functions: readonly Share[];
  /** Our own functions, each with everything it calls. */
  readonly stages: readonly Share[];
}

/** Microseconds since the process was started. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

export function summarise(profile: CpuProfile, { from, to }: TimeSpan): ProfileSummary {
  const tree = readTree(profile);
  const sums = { modules: new Map(), functions: new Map(), stages: new Map() } as const;
  let elapsed = 0;
  let whole = 0;
  for (const [index, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[index] ?? 0;
    elapsed += time;
    const node = tree.nodes.get(id);
    if (node === undefined || elapsed < from || elapsed > to) continue;
    whole += time;
    const place = placeOf(node, tree.nodes.get(tree.callers.get(id) ?? -1));
    add(sums.modules, place.module, time);
    add(sums.functions, place.name, time);
    for (const stage of stagesAbove(id, tree)) add(sums.stages, stage, time);
  }
  const [modules, functions, stages] = [sums.modules, sums.functions, sums.stages].map((sum) => sharesOf(sum, whole));
  return { modules: modules ?? [], functions: functions ?? [], stages: stages ?? [] };
}

interface Tree {
  readonly nodes: ReadonlyMap<number, ProfileNode>;
  readonly callers: ReadonlyMap<number, number>;
}

function readTree({ nodes }: CpuProfile): Tree {
  const callers = nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const));
  return { nodes: new Map(nodes.map((node) => [node.id, node])), callers: new Map(callers) };
}

/** Each function of ours that stands on the stack, once. */
function stagesAbove(id: number, { nodes, callers }: Tree): ReadonlySet<string> {
  const stages = new Set<string>();
  for (let at: number | undefined = id; at !== undefined; at = callers.get(at)) {
    const node = nodes.get(at);
    if (node === undefined || node.callFrame.functionName === '') continue;
    const file = fileOf(node.callFrame.url);
    if (file.startsWith('src/')) stages.add(`${node.callFrame.functionName} ${file}`);
  }
  return stages;
}

function add(sums: Map<string, number>, name: string, time: number): void {
  sums.set(name, (sums.get(name) ?? 0) + time);
}

function sharesOf(sums: ReadonlyMap<string, number>, whole: number): readonly Share[] {
  const shares = [...sums].map(([name, time]) => ({ name, share: time / whole }));
  return shares.sort((a, b) => b.share - a.share);
}

interface Place {
  readonly module: string;
  readonly name: string;
}

/** What has no file is either V8's own or native code that Node.js' or our JavaScript called. */
function placeOf({ callFrame }: ProfileNode, caller: ProfileNode | undefined): Place {
  const { functionName, url, lineNumber } = callFrame;
  if (functionName === '(garbage collector)') return { module: 'garbage collector', name: '(garbage collector)' };
  // V8 calls it idle when libuv polls; that is where bytes are read, decrypted and taken apart.
  if (functionName === '(program)' || functionName === '(idle)') {
    const module = 'native: polling, reading, TLS decryption, HTTP parser';
    return { module, name: `${functionName}: native code with no JavaScript above it` };
  }
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') {
    const from = caller === undefined ? '' : ` ← ${nameOf(caller)}`;
    return { module: nativeModuleOf(name), name: `${name} [native]${from}` };
  }
  return { module: moduleOf(url), name: `${name} ${fileOf(url)}:${lineNumber + 1}` };
}

function nameOf({ callFrame: { functionName, url } }: ProfileNode): string {
  return `${functionName === '' ? '(anonymous)' : functionName} ${fileOf(url)}`;
}

function nativeModuleOf(name: string): string {
  if (/^(parse|stringify)$/.test(name)) return 'JSON';
  if (/^(write|shutdown|readStart|readStop)/.test(name)) return 'native: writes (TLS encryption, system calls)';
  if (/(toString|utf8|latin1|Slice|byteLength)/i.test(name)) return 'native: Buffer and text';
  return 'native: other built-ins';
}

function moduleOf(url: string): string {
  if (/^node:(_tls|tls|internal\/tls|internal\/crypto)/.test(url)) return 'node: TLS';
  if (/^node:(_?http|https|internal\/http)/.test(url)) return 'node: HTTP';
  if (/^node:(net|internal\/stream_base|internal\/net)/.test(url)) return 'node: sockets';
  if (/^node:(stream|internal\/streams|_stream)/.test(url)) return 'node: streams';
  if (/^node:events/.test(url)) return 'node: events';
  if (/^node:(internal\/timers|timers)/.test(url)) return 'node: timers';
  if (url.startsWith('node:')) return 'node: other';
  return fileOf(url);
}

/** A package by its name, our own files by their path in the repository. */
function fileOf(url: string): string {
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  if (inPackage?.[1] !== undefined) return `package ${inPackage[1]}`;
  const own = /\/(?:dist|src)\/(.+)\.[jt]s$/.exec(url);
  return own?.[1] === undefined ? url.replace(/^file:.*\//, '') : `src/${own[1]}.ts`;
}
