import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (pattern: string): string =>
  globSync(pattern, { cwd: root })
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
const [page, source] = [read('docs/when-it-breaks.md'), read('src/{io,commands}/**/*.ts')];

/** The first, or another, cell of every row of the tables under a heading, each text between backticks of it. */
function quotedIn(heading: string, cell: number): readonly string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
  return rows.flatMap((row) => [...(row.split('|')[cell] ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));
}

test('every metric that the page for a bad night names is one of ours', () => {
  const named = [...new Set(`${page}${read('*.md')}`.match(/sekisho_[a-z_]+[a-z]/g))];
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !source.includes(`'${name}'`))).toEqual([]);
});

test('every log line and every state of readiness that it names is one that we write', () => {
  const lines = quotedIn('Log lines', 2);
  const states = quotedIn('Pods are not Ready', 1);
  expect([lines.length > 12, states.length > 5]).toEqual([true, true]);
  expect([...lines, ...states].filter((text) => !source.includes(`'${text}'`))).toEqual([]);
});

test('every link within it leads somewhere', () => {
  const anchors = [...page.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor = '']) => anchor);
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
});
