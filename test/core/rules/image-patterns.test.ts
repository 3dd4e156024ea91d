import { describe, expect, test } from 'vitest';
import { imagePattern } from '../../../src/core/rules/image-patterns.ts';

/** What is wrong with a pattern; nothing where a policy may have it. */
function problemsOf(text: string): readonly string[] {
  const parsed = imagePattern.safeParse(text);
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message);
}

test.each([
  '**',
  '*/**',
  '*/app',
  'docker.io/**',
  'docker.io/library/**',
  'docker.io/library/nginx',
  'docker.io/acme/*',
  'ghcr.io/acme/app',
  'ghcr.io/acme/**',
  'ghcr.io/acme-*/app/**',
  'ghcr.io/a_b/c__d/e.f/g--h',
  '*.gcr.io/**',
  '*-docker.pkg.dev/acme/**',
  '123456789012.dkr.ecr.*.amazonaws.com/**',
  'localhost/app',
  'localhost:5000/app',
  'registry:5000/**',
  'registry.example.com:*/app',
  '10.0.0.1:5000/team/*',
  '[::1]:5000/app',
  'registry-1.docker.io/**',
])('%s may stand in a policy', (text) => {
  expect(problemsOf(text)).toEqual([]);
});

describe('a pattern that is not written as canonical names are', () => {
  const registry = /^must begin with the registry: write docker\.io\/library\/nginx/;
  const whole = /^must go on after the registry, and not end in a slash: write ghcr\.io\/\*\*/;
  const tagged = /^must have neither a tag nor a digest: write docker\.io\/library\/nginx/;
  const library = /^must name library, .*: write docker\.io\/library\/nginx$/;
  const stars = /^must have \*\* only as its last segment, .*: write ghcr\.io\/acme\/\*\*$/;
  const anybody = /^must end the registry's name without a \*, .*: write \*\.gcr\.io\/\*\*$/;
  const general = /^must be a registry and a repository: /;

  test.each([
    ['nginx', registry],
    ['library/nginx', registry],
    ['acme/**', registry],
    ['acme/app', registry],
    ['registry-mirror', registry],
    ['ghcr.io', whole],
    ['registry.example.com/', whole],
    ['registry.example.com/team/', whole],
    ['registry.example.com:5000', whole],
    ['nginx:latest', tagged],
    ['localhost:5000', tagged],
    ['ghcr.io/acme/app:1.0', tagged],
    ['ghcr.io/acme/app:*', tagged],
    [`ghcr.io/acme/app@sha256:${'0'.repeat(64)}`, tagged],
    ['https://ghcr.io/acme/**', /^must begin with the registry and have no scheme: write ghcr\.io\/acme\/\*\*/],
    ['GHCR.io/acme/**', /^must be in lower case/],
    ['ghcr.io/Acme/**', /^must be in lower case/],
    ['docker.io/nginx', library],
    ['docker.io/*', library],
    ['index.docker.io/library/nginx', /^must name Docker Hub as canonical names do: write docker\.io\/library\/nginx$/],
    ['ghcr.io/**/app', stars],
    ['ghcr.io/acme**', stars],
    ['ghcr.io/***', stars],
    ['**/app', stars],
    ['ghcr.io/acme/a**/**', stars],
    ['ghcr.*/**', anybody],
    ['ghcr.io*/**', anybody],
    ['ghcr*/app', anybody],
    ['*.*/app', anybody],
    ['', general],
    ['ghcr.io//app', general],
    ['ghcr.io/../app', general],
    ['ghcr.io./app', general],
    ['-ghcr.io/app', general],
    ['ghcr.io/app?', general],
    ['ghcr.io/a b', general],
    [' ghcr.io/app', general],
    ['ghcr.io/app\n', general],
    ['gh\u0441r.io/app', general],
    ['ghcr.io:/app', general],
    ['ghcr.io:http/app', general],
    ['[fe80::1%25eth0]/app', general],
  ])('is refused with what to write: %j', (text, message) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });

  test('is refused for each of several mistakes', () => {
    expect(problemsOf('Nginx:latest')).toHaveLength(2);
    expect(problemsOf('https://')).toHaveLength(2);
  });

  test('is refused in a moment, however long somebody tries it', () => {
    for (const unit of ['a', '*', 'a*', 'a-', '-', '.', '/', 'a.', 'a/', '_', ':']) {
      expect(imagePattern.safeParse(unit.repeat(256)).success).toBe(false);
      expect(imagePattern.safeParse(`a.b/${unit.repeat(250)}!`).success).toBe(false);
    }
  });

  test('is too long with 257 characters', () => {
    expect(problemsOf(`ghcr.io/${'a'.repeat(248)}`)).toEqual([]);
    expect(problemsOf(`ghcr.io/${'a'.repeat(249)}`)).toHaveLength(1);
  });
});
