import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { SekishoError } from '../../core/error.ts';
import type { FieldPath } from '../../core/pod/field-path.ts';
import { resolveScalar } from './yaml-scalar.ts';

/** One document on its way from nodes to a value. */
export interface YamlReading {
  readonly anchors: Map<string, Node>;
  readonly targets: Map<Alias, Node>;
  /** Nodes that are being read through an alias: one that contains itself would never end. */
  readonly open: Set<Node>;
  nodes: number;
  aliased: number;
  depth: number;
  /** Where the outermost alias stands that is being read. */
  aliasAt: number;
  /** Where reading stopped, when it failed. */
  at: number;
}

export function createYamlReading(): YamlReading {
  return { anchors: new Map(), targets: new Map(), open: new Set(), nodes: 0, aliased: 0, depth: 0, aliasAt: 0, at: 0 };
}

function fail(reading: YamlReading, node: Node | null, problem: string): never {
  reading.at = reading.depth > 0 ? reading.aliasAt : (startOf(node) ?? reading.at);
  throw new SekishoError('ManifestInvalid', problem);
}

/** The value of a node as kubectl would have it. Throws, and notes in `at` where, what kubectl would refuse. */
export function readNode(node: Node | null | undefined, reading: YamlReading): unknown {
  count(node, reading);
  if (node === null || node === undefined) return null;
  if (isAlias(node)) return aliasValue(node, reading);
  if (reading.depth === 0 && node.anchor !== undefined) reading.anchors.set(node.anchor, node);
  if (isMap(node)) return fill({}, node as YAMLMap<Node, Node>, reading);
  if (isSeq(node)) return node.items.map((item) => readNode(item as Node, reading));
  if (!isScalar(node)) return null;
  const resolved = resolveScalar(String(node.value), node.type === 'PLAIN', node.tag);
  return 'invalid' in resolved ? fail(reading, node, resolved.invalid) : resolved.value;
}

/**
 * A bomb of aliases, a few lines that mean gigabytes, is refused at the same size as kubectl does: go-yaml's
 * `allowedAliasRatio`, 99 % of what is read up to 400,000 nodes, falling to 10 % at 4,000,000.
 */
function count(node: Node | null | undefined, reading: YamlReading): void {
  reading.nodes++;
  if (reading.depth > 0) reading.aliased++;
  if (reading.aliased <= 100 || reading.nodes <= 1000) return;
  const beyond = Math.min(Math.max(reading.nodes - 400_000, 0) / 3_600_000, 1);
  if (reading.aliased / reading.nodes > 0.99 - 0.89 * beyond) {
    fail(reading, node ?? null, 'has so many aliases that it would grow without bounds');
  }
}

function aliasValue(alias: Alias, reading: YamlReading): unknown {
  const target = enter(alias, reading);
  const value = readNode(target, reading);
  leave(target, reading);
  return value;
}

function enter(alias: Alias, reading: YamlReading): Node {
  const target = targetOf(alias, reading);
  if (reading.depth === 0) reading.aliasAt = startOf(alias) ?? reading.at;
  reading.open.add(target);
  reading.depth++;
  return target;
}

function leave(target: Node, reading: YamlReading): void {
  reading.depth--;
  reading.open.delete(target);
}

function targetOf(alias: Alias, reading: YamlReading): Node {
  const target = reading.targets.get(alias) ?? reading.anchors.get(alias.source);
  if (target === undefined) return fail(reading, alias, `refers to *${alias.source}, which is not defined before it`);
  if (reading.open.has(target)) return fail(reading, alias, `refers to *${alias.source}, which contains it`);
  reading.targets.set(alias, target);
  return target;
}

type JsonObject = Record<string, unknown>;

/** go-yaml takes keys and merges in the order they stand: a merge overrides what is above it, and is by what follows. */
function fill(object: JsonObject, map: YAMLMap<Node, Node>, reading: YamlReading): JsonObject {
  const own = new Set<string>();
  for (const pair of map.items) {
    if (isMergeKey(pair.key)) {
      for (const source of mergeSources(pair, reading)) fillFrom(object, source, reading);
      continue;
    }
    const key = keyText(pair.key, reading);
    if (own.has(key)) fail(reading, pair.key, `the key ${JSON.stringify(key)} stands twice`);
    own.add(key);
    define(object, key, readNode(pair.value, reading));
  }
  return object;
}

function fillFrom(object: JsonObject, source: Node, reading: YamlReading): void {
  count(source, reading);
  if (!isAlias(source)) {
    fill(object, source as YAMLMap<Node, Node>, reading);
    return;
  }
  const target = enter(source, reading);
  fill(object, target as YAMLMap<Node, Node>, reading);
  leave(target, reading);
}

export function isMergeKey(key: Node | null): boolean {
  if (!isScalar(key) || key.value !== '<<') return false;
  return key.tag === undefined ? key.type === 'PLAIN' : key.tag === 'tag:yaml.org,2002:merge';
}

/** The last one counts: of several maps in a list the first. */
function mergeSources({ value }: Pair<Node, Node>, reading: YamlReading): readonly Node[] {
  const sources = isSeq(value) ? [...(value as YAMLSeq<Node>).items].reverse() : [value];
  return sources.map((source) => {
    const target = isAlias(source) ? targetOf(source, reading) : source;
    if (source !== null && isMap(target)) return source;
    return fail(reading, source, 'a merge key takes a map, an alias of one, or a list of those');
  });
}

/** Keys of JSON are text: what YAML reads as a number or a truth value is written as such. */
function keyText(key: Node | null, reading: YamlReading): string {
  const value = readNode(key, reading);
  if (value !== null && typeof value !== 'object') return String(value);
  return fail(reading, key, value === null ? 'a key is missing' : 'a key must be text');
}

/** Assigning to `__proto__` would set the prototype instead of a field. */
function define(object: JsonObject, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** The offset of a field, in the map that an alias or a merge key brought it from. */
export function locateNode(root: Node | null, path: FieldPath, reading: YamlReading): number {
  let node: Node | null = root;
  let offset = startOf(root) ?? 0;
  for (const segment of path) {
    const child = childOf(dereference(node, reading), segment, reading);
    if (child === undefined) break;
    offset = startOf(child.at) ?? offset;
    node = child.value;
  }
  return offset;
}

interface Child {
  /** What stands in the file for the field (its key) or the item. */
  readonly at: Node | null;
  readonly value: Node | null;
}

function childOf(node: Node | null, segment: string | number, reading: YamlReading): Child | undefined {
  if (isSeq(node)) {
    const item = (node as YAMLSeq<Node>).items[Number(segment)];
    return item === undefined ? undefined : { at: item, value: item };
  }
  if (!isMap(node)) return undefined;
  let found: Child | undefined;
  for (const pair of (node as YAMLMap<Node, Node>).items) {
    if (isMergeKey(pair.key)) {
      for (const source of mergeSources(pair, reading)) {
        found = childOf(dereference(source, reading), segment, reading) ?? found;
      }
    } else if (keyText(pair.key, reading) === String(segment)) found = { at: pair.key, value: pair.value };
  }
  return found;
}

function dereference(node: Node | null, { targets }: YamlReading): Node | null {
  return isAlias(node) ? (targets.get(node) ?? null) : node;
}
