import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSettings, settingsSchema } from '../src/commands/settings.ts';
import { answerRequest } from '../src/core/admission/answer.ts';
import { formatAdmissionReview } from '../src/core/admission/response.ts';
import { parseAdmissionReview } from '../src/core/admission/review.ts';
import { messageOf } from '../src/core/error.ts';
import { type FieldPath, formatFieldPath, valueAt } from '../src/core/pod/field-path.ts';
import { podPolicyExceptionKind } from '../src/core/policy/kinds.ts';
import { type DocumentIssue, type PodPolicy, parsePodPolicy, podPolicySchema } from '../src/core/policy/pod-policy.ts';
import {
  type PodPolicyException,
  parsePodPolicyException,
  podPolicyExceptionSchema,
} from '../src/core/policy/pod-policy-exception.ts';
import { createPolicySet } from '../src/core/policy/policy-set.ts';
import { readPolicies } from '../src/io/files/policies.ts';
import { offline } from '../src/io/offline.ts';
import { type Json, policyOf, reviewOf } from './admission-requests.ts';
import { run } from './commands/running-sekisho.ts';
import { bad, exceptionPairs, type Pair, policyPairs, type Question } from './every-field-cases.ts';
import { settingPairs } from './every-setting-cases.ts';
import { fieldsOf, objectsOf, type SchemaPath } from './schema-fields.ts';

/*
 * A field that changes nothing is a promise that is not kept. The lists of fields come from the schemas: whoever adds
 * one writes down two documents that differ in it alone and lead to something else.
 */

const now = Date.parse('2026-11-22T12:00:00Z');

/** Not ours to give a meaning: the API server's own, and what the controller writes for people to read. */
const excluded: Readonly<Record<string, string>> = {
  status: 'written by the controller, and read by nobody who judges',
};

const head = (kind: string, name: string): Json => ({ apiVersion: 'sekisho.dev/v1alpha1', kind, metadata: { name } });

async function answered({ policies, exceptions = [] }: Documents, question: Question): Promise<unknown> {
  const set = createPolicySet({ policies, exceptions, ceiling: 'Enforce' });
  const review = question.review ?? reviewOf(bad);
  const { user = 'alice', groups = [], labels = {}, language = 'en' } = question;
  const request = { ...(review['request'] as Json), userInfo: { username: user, groups } };
  const namespaces = {
    read: (name: string) => ({
      name,
      labels: new Map(Object.entries({ 'kubernetes.io/metadata.name': name, ...labels })),
    }),
  };
  const context = { policies: set, ...offline, namespaces, now: () => now, locale: language } as const;
  const { response } = await answerRequest(parseAdmissionReview({ ...review, request }), context);
  return JSON.parse(formatAdmissionReview(response));
}

interface Documents {
  readonly policies: readonly PodPolicy[];
  readonly exceptions?: readonly PodPolicyException[];
}

/** The answer under this policy, or what is wrong with it. */
async function underPolicy(document: Json, question: Question): Promise<unknown> {
  const parsed = parsePodPolicy(document);
  return 'issues' in parsed ? parsed.issues : answered({ policies: [parsed.policy] }, question);
}

/** The answer of two policies and this exception, or the columns that kubectl prints of it, or what is wrong with it. */
async function underException(document: Json, question: Question): Promise<unknown> {
  const parsed = parsePodPolicyException(document);
  if ('issues' in parsed) return parsed.issues;
  const spec = { mode: 'Enforce', podSecurity: { level: 'restricted' } };
  const policies = [policyOf(spec, 'production'), policyOf(spec, 'other')];
  if (question.columns) return podPolicyExceptionKind.columns.map(({ jsonPath }) => atJsonPath(document, jsonPath));
  return answered({ policies, exceptions: [parsed.exception] }, question);
}

/** Paths without filters; what kubectl prints by a filter is of the status. */
function atJsonPath(document: Json, path: string): unknown {
  return path.includes('[') ? undefined : valueAt(document, path.slice(1).split('.'));
}

/** What every kind has before its `spec`. */
function headPairs(kind: string, spec: Json): ReadonlyMap<string, Pair> {
  const whole = { ...head(kind, 'production'), spec };
  return new Map<string, Pair>([
    ['apiVersion', { one: whole, other: { ...whole, apiVersion: 'sekisho.dev/v1' } }],
    ['kind', { one: whole, other: { ...whole, kind: 'Pod' } }],
    ['metadata.name', { one: whole, other: { ...head(kind, 'another'), spec } }],
  ]);
}

interface Kind {
  readonly name: string;
  readonly schema: Parameters<typeof fieldsOf>[0];
  readonly pairs: ReadonlyMap<string, Pair>;
  outcome(document: Json, question: Question): Promise<unknown>;
  parse(document: unknown): { readonly issues: readonly DocumentIssue[] } | object;
}

/** The pairs of `spec`, as whole documents. */
function kindOf(kind: Omit<Kind, 'pairs'>, ofSpec: ReadonlyMap<string, Pair>): Kind {
  const whole = (spec: Json): Json => ({ ...head(kind.name, 'production'), spec });
  const pairs = [...ofSpec].map(([path, pair]): [string, Pair] => [
    path,
    { ...pair, one: whole(pair.one), other: whole(pair.other) },
  ]);
  const [first] = ofSpec.values();
  return { ...kind, pairs: new Map([...headPairs(kind.name, first?.one ?? {}), ...pairs]) };
}

const kinds: readonly Kind[] = [
  kindOf({ name: 'PodPolicy', schema: podPolicySchema, outcome: underPolicy, parse: parsePodPolicy }, policyPairs),
  kindOf(
    {
      name: 'PodPolicyException',
      schema: podPolicyExceptionSchema,
      outcome: underException,
      parse: parsePodPolicyException,
    },
    exceptionPairs,
  ),
];

describe.each(kinds)('$name', ({ schema, pairs, outcome, parse }) => {
  const fields = fieldsOf(schema).filter((path) => excluded[path] === undefined);

  test('has two documents for each of its fields, and for no others', () => {
    expect(fields.filter((path) => !pairs.has(path))).toEqual([]);
    expect([...pairs.keys()].filter((path) => !fields.includes(path))).toEqual([]);
  });

  test.each([...pairs])('%s makes a difference', async (_, { one, other, ...question }) => {
    // That a document is refused is a difference too, but one of the two must mean something.
    expect(parse(one)).not.toHaveProperty('issues');
    expect(await outcome(other, question)).not.toEqual(await outcome(one, question));
  });
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sekisho-fields-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileWith(document: unknown): Promise<string> {
  const file = join(folder, 'document.yaml');
  await writeFile(file, JSON.stringify(document));
  return file;
}

/** One document with all that the pairs have: every object that the schema knows is somewhere in it. */
function everything(documents: readonly Json[]): Json {
  return documents.reduce((all, document) => merge(all, document) as Json, {});
}

function merge(target: unknown, source: unknown): unknown {
  if (Array.isArray(target) && Array.isArray(source)) return [merge(target[0], source[0])];
  if (!isObject(target) || !isObject(source)) return source;
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(source)) merged[key] = merge(merged[key], value);
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The document with a field that nobody knows in the object at this path, and the path of that field. */
function withStranger(document: Json, path: SchemaPath): { readonly document: Json; readonly at: FieldPath } {
  const copy = structuredClone(document);
  const at = path.map((segment) => (segment === '[]' ? 0 : segment));
  const object = valueAt(copy, at);
  if (!isObject(object)) throw new Error(`nothing at ${formatFieldPath(at)}`);
  (object as Record<string, unknown>)['stranger'] = 'x';
  return { document: copy, at: [...at, 'stranger'] };
}

/** An API server's object has fields there that we do not know, and `kubectl get -o yaml` prints them. */
const open = (path: SchemaPath): boolean => path.join('.') === 'metadata';

describe.each(kinds)('an unknown field of $name', ({ schema, pairs, parse }) => {
  const whole = everything([...pairs.values()].map(({ one }) => one));
  const objects = objectsOf(schema).filter((path) => !open(path));

  test.each(objects.map((path) => [path.join('.') || 'at the top', path] as const))(
    'is refused with its path: %s',
    async (_, path) => {
      const { document, at } = withStranger(whole, path);
      const parsed = parse(document) as { readonly issues?: readonly DocumentIssue[] };
      expect(parsed.issues).toContainEqual({ path: at, message: 'is not a known field' });
      const file = await fileWith(document);
      const problem = new RegExp(`document\\.yaml:1:\\d+: ${escapeRegExp(formatFieldPath(at))}: is not a known field`);
      await expect(readPolicies([file])).rejects.toThrow(problem);
    },
  );
});

test('an unknown field is refused with its path by sekisho policy lint, in every object of every kind', async () => {
  const dir = await mkdtemp(join(folder, 'lint-'));
  const expected: string[] = [];
  for (const { name, schema, pairs } of kinds) {
    const whole = everything([...pairs.values()].map(({ one }) => one));
    for (const [index, path] of objectsOf(schema)
      .filter((each) => !open(each))
      .entries()) {
      const { document, at } = withStranger(whole, path);
      const file = join(dir, `${name}-${index}.yaml`);
      await writeFile(file, JSON.stringify(document));
      expected.push(`${file}: ${formatFieldPath(at)}: is not a known field`);
    }
  }
  const { code, stdout } = await run(['policy', 'lint', '-o', 'json', dir]);
  const { remarks } = JSON.parse(stdout) as { readonly remarks: readonly Record<string, string>[] };
  expect(code).toBe(2);
  expect(remarks.map(({ file, field, message }) => `${file}: ${field}: ${message}`)).toEqual(
    expect.arrayContaining(expected),
  );
  expect(expected.length).toBeGreaterThanOrEqual(40);
});

describe('an unknown field of the settings file', () => {
  const whole = everything([...settingPairs.values()].map(({ one }) => one));

  test.each(objectsOf(settingsSchema).map((path) => [path.join('.') || 'at the top', path] as const))(
    'is refused with its path: %s',
    async (_, path) => {
      const { document, at } = withStranger(whole, path);
      const reading = readSettings(await fileWith(document));
      await expect(reading).rejects.toThrow(`${formatFieldPath(at)}: is not a known setting`);
    },
  );
});

function escapeRegExp(text: string): string {
  return text.replace(/[.[\]]/g, '\\$&');
}

describe('the settings file', () => {
  test('has two files for each of its fields, and for no others', () => {
    const fields = fieldsOf(settingsSchema);
    expect(fields.filter((path) => !settingPairs.has(path))).toEqual([]);
    expect([...settingPairs.keys()].filter((path) => !fields.includes(path))).toEqual([]);
  });

  test.each([...settingPairs])('%s makes a difference', async (_, { one, other, outcome }) => {
    const outcomeOf = async (file: Json): Promise<unknown> => outcome(await readSettings(await fileWith(file)), file);
    const first = await outcomeOf(one);
    // That a file is refused is a difference too, but one of the two must mean something.
    const second = await outcomeOf(other).catch((thrown: unknown) => ({ refused: messageOf(thrown) }));
    expect(second).not.toEqual(first);
  });
});
