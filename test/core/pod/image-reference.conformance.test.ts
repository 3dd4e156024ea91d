import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseImagePattern } from '../../../src/core/pod/image-pattern.ts';
import { parseImageReference } from '../../../src/core/pod/image-reference.ts';
import { podViewAt } from '../../../src/core/pod/workload.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { allowedRegistries } from '../../../src/core/rules/images/allowedRegistries.ts';
import { violationsOf } from '../../../src/core/rules/rule.ts';

/** What upstream's own code says, see the README beside it. It belongs to no repository: a clone may lack it. */
const folder = join(import.meta.dirname, '../../../../shared/conformance');

interface Line {
  readonly input: string;
  readonly valid: boolean;
  readonly domain?: string;
  readonly path?: string;
  readonly tag?: string;
  readonly digest?: string;
}

const present = existsSync(folder);
if (!present) console.log('conformance: SKIPPED (../shared/conformance is absent)');

function readLines(): readonly Line[] {
  const text = readFileSync(join(folder, 'image-references.ndjson'), 'utf8').trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as Line);
}

/** Ours, as the file writes it. */
function ours(input: string): Line {
  const parsed = parseImageReference(input);
  if (typeof parsed === 'string') return { input, valid: false };
  const { domain, path, tag, digest } = parsed;
  return {
    input,
    valid: true,
    ...(domain !== '' && { domain }),
    path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

test.skipIf(!present)('image references are read as upstream reads them, line for line', () => {
  const lines = readLines();
  const disagreements = lines.flatMap((line) => {
    const found = ours(line.input);
    const same = (['valid', 'domain', 'path', 'tag', 'digest'] as const).every((part) => found[part] === line[part]);
    return same ? [] : [{ found, line }];
  });
  console.log(`conformance: ${lines.length - disagreements.length} of ${lines.length} image references agree`);
  expect(disagreements).toEqual([]);
  // A truncated file must not pass for a good one.
  expect(lines).toHaveLength(1_500);
});

test.skipIf(!present)('an allow list of registry.example.com/team/** passes that folder and nothing else', () => {
  const { matches } = parseImagePattern('registry.example.com/team/**');
  let moved = 0;
  for (const { input } of readLines()) {
    const parsed = parseImageReference(input);
    if (typeof parsed === 'string') continue;
    const { domain, path, repository } = parsed;
    expect(matches(repository), input).toBe(domain === 'registry.example.com' && path.startsWith('team/'));
    // What the file has of other registries, in the folder and beside it.
    expect(matches(`registry.example.com/team/${path}`)).toBe(true);
    expect(matches(`registry.example.com/team-evil/${path}`)).toBe(false);
    expect(matches(`registry.example.com.evil.io/team/${path}`)).toBe(false);
    expect(matches(`registry.example.com:5000/team/${path}`)).toBe(false);
    moved++;
  }
  expect(moved).toBeGreaterThan(700);
});

test.skipIf(!present)('the rule finds each line that is none of that folder, also what cannot be read', () => {
  const lines = readLines();
  const ours = 'registry.example.com/team/web';
  const containers = [...lines.map(({ input }) => input), ours].map((image, index) => ({ name: `c${index}`, image }));
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'all' };
  const pod = podViewAt({ spec: { containers } }, [], reference);
  const params = { images: ['registry.example.com/team/**'] };
  const found = violationsOf(allowedRegistries.versions[0], { pod, params, facts: noFacts });
  const passed = new Set(containers.keys());
  for (const { path } of found) passed.delete(Number(path[2]));
  const expected = lines.flatMap(({ domain, path }, index) =>
    domain === 'registry.example.com' && path?.startsWith('team/') ? [index] : [],
  );
  expect([...passed]).toEqual([...expected, lines.length]);
});
