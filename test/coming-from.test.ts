import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parsePodPolicy } from '../src/core/policy/pod-policy.ts';
import { groupNames } from '../src/core/rules/groups.ts';
import { podSecurityRules } from '../src/core/rules/index.ts';

/* Whoever comes from another tool copies what the table says of ours. */

const page = readFileSync(join(import.meta.dirname, '../docs/coming-from.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
const ours = rows.map((row) => row.split(' | ')[1] ?? '');
const quoted = [...new Set(ours.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)))];

const entries = quoted.filter((text) => groupNames.some((group) => text.startsWith(`${group}.`)));

test.each(entries)('%s is what a policy may say', (text) => {
  const [, group = '', id = '', settings = '{}'] = /^(\w+)\.(\w+)(?:: (\{.*\}))?$/.exec(text) ?? [];
  const document = {
    apiVersion: 'sekisho.dev/v1alpha1',
    kind: 'PodPolicy',
    metadata: { name: 'from' },
    spec: { [group]: { [id]: parse(settings) } },
  };
  expect(parsePodPolicy(document)).toHaveProperty('policy');
});

/** Fields of policies and settings, and what is not ours. */
const words =
  /^(?:level|version|except|podSecurity|match\.\S+|expiresAt|exceptions\.maxDuration|level: \w+|pods\/\w+|-vpol|\*)$/;

test('every other name in the table is a rule of the Pod Security Standards or a field', () => {
  const ids = podSecurityRules.map(({ id }) => id);
  const others = quoted.filter((text) => !entries.includes(text) && !words.test(text) && !text.startsWith('except.'));
  expect(others.length).toBeGreaterThan(15);
  expect(others.filter((text) => !ids.includes(text))).toEqual([]);
});

test('no rule of the Pod Security Standards is left out but those that others speak for', () => {
  const missing = podSecurityRules.map(({ id }) => id).filter((id) => !quoted.includes(id));
  expect(missing).toEqual(['procMount_restricted']);
});
