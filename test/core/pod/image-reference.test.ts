import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isImageId, parseImageReference, type ReferenceProblem } from '../../../src/core/pod/image-reference.ts';

const hex = '0123456789abcdef'.repeat(8);
const sha256 = `sha256:${hex.slice(0, 64)}`;

function canonical(text: string): string {
  const parsed = parseImageReference(text);
  if (typeof parsed === 'string') return `no reference: ${parsed}`;
  const { domain, path, repository, tag, digest } = parsed;
  expect(repository).toBe(domain === '' ? path : `${domain}/${path}`);
  return `${domain} ${path}${tag === undefined ? '' : ` tag ${tag}`}${digest === undefined ? '' : ' digest'}`;
}

describe('a reference', () => {
  test.each([
    ['nginx', 'docker.io library/nginx'],
    ['nginx:1.29', 'docker.io library/nginx tag 1.29'],
    [`nginx:1.29@${sha256}`, 'docker.io library/nginx tag 1.29 digest'],
    ['acme/web', 'docker.io acme/web'],
    ['docker.io/nginx', 'docker.io library/nginx'],
    ['index.docker.io/nginx', 'docker.io library/nginx'],
    ['index.docker.io/acme/web', 'docker.io acme/web'],
    ['registry-1.docker.io/nginx', 'registry-1.docker.io nginx'],
    ['localhost/web', 'localhost web'],
    ['localhost:5000', 'docker.io library/localhost tag 5000'],
    ['registry:5000/web', 'registry:5000 web'],
    ['registry.example.com:5000/team/web:1', 'registry.example.com:5000 team/web tag 1'],
    ['registry.example.com.evil.io/team/web', 'registry.example.com.evil.io team/web'],
    ['10.0.0.1:5000/web', '10.0.0.1:5000 web'],
    ['[::1]:5000/web', '[::1]:5000 web'],
    ['[fe80::1]/web', '[fe80::1] web'],
    ['GHCR.IO/acme/web', 'GHCR.IO acme/web'],
    ['Foo/web', 'Foo web'],
    // No domain, because of the underscore, and so upstream leaves it empty.
    ['a_b.c/web', ' a_b.c/web'],
    ['a__b.c/web:1', ' a__b.c/web tag 1'],
    [`sha256:${hex.slice(0, 64)}`, `docker.io library/sha256 tag ${hex.slice(0, 64)}`],
    ['a--b/c---d', 'docker.io a--b/c---d'],
    [`web@sha512:${hex}`, 'docker.io library/web digest'],
  ])('%s is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  test.each<readonly [string, string, ReferenceProblem]>([
    ['nothing', '', 'repository'],
    ['a slash', '/', 'repository'],
    ['upper case', 'registry.example.com/Team/web', 'repository'],
    ['a trailing dot of the host', 'registry.example.com./web', 'registry'],
    ['an empty label', 'registry..example.com/web', 'registry'],
    ['a label that ends in a dash', 'registry-.example.com/web', 'registry'],
    ['a scheme', 'https://registry.example.com/web', 'registry'],
    ['credentials', 'registry.example.com@evil.io/web', 'digest'],
    ['credentials with a port', 'registry.example.com:80@evil.io/web', 'digest'],
    ['a port without digits', 'registry.example.com:/web', 'registry'],
    ['a port of letters', 'registry.example.com:http/web', 'registry'],
    ['a zone of an address', '[fe80::1%25eth0]/web', 'character'],
    ['no address in its brackets', '[]:5000/web', 'registry'],
    ['two dots in a row', 'registry.example.com/a..b', 'repository'],
    ['three underscores', 'registry.example.com/a___b', 'repository'],
    ['a dot after a dash', 'registry.example.com/a-.b', 'repository'],
    ['a way up', 'registry.example.com/team/../evil/web', 'repository'],
    ['an empty segment', 'registry.example.com//web', 'repository'],
    ['a query', 'registry.example.com/web?x=1', 'character'],
    ['a Cyrillic letter', 'r\u0435gistry.example.com/web', 'character'],
    ['a full-width letter', 'registry.example.com/\uff57eb', 'character'],
    ['a full-width dot', 'registry\uff0eexample.com/web', 'character'],
    ['a space before it', ' registry.example.com/web', 'character'],
    ['a line break after it', 'registry.example.com/web\n', 'character'],
    ['half of a pair', 'web:\ud83d', 'character'],
    ['a null character', 'web\0', 'character'],
    ['an empty tag', 'web:', 'tag'],
    ['two tags', 'web:1:2', 'tag'],
    ['a tag that begins with a dot', 'web:.1', 'tag'],
    ['a tag of 129', `web:${'a'.repeat(129)}`, 'tag'],
    ['an empty digest', 'web@', 'digest'],
    ['a short digest', 'web@sha256:0123456789abcdef0123456789abcdef', 'digest'],
    ['a digest in upper case', `web@${sha256.toUpperCase().replace('SHA', 'sha')}`, 'digest'],
    ['a digest of an unknown algorithm', 'web@md5:a13ea13510061c5cabe89e756147c70f', 'digest'],
    ['a digest of the wrong length', `web@sha512:${hex.slice(0, 64)}`, 'digest'],
    ['two digests', `web@${sha256}@${sha256}`, 'digest'],
    ['a digest before the tag', `web@${sha256}:1`, 'digest'],
    ['an identifier', hex.slice(0, 64), 'identifier'],
    ['a repository of 256', `registry.example.com/${'a'.repeat(256)}`, 'repository'],
    ['a repository of 256 with library', 'a'.repeat(248), 'repository'],
  ])('with %s is none', (_what, text, problem) => {
    expect(parseImageReference(text)).toBe(problem);
  });

  test('may have 255 characters in its repository, and 128 in its tag', () => {
    expect(canonical(`registry.example.com/${'a'.repeat(255)}:${'t'.repeat(128)}`)).toMatch(
      /^registry\.example\.com a/,
    );
    expect(canonical('a'.repeat(247))).toBe(`docker.io library/${'a'.repeat(247)}`);
  });
});

test('a digest alone is what a runtime takes for the id of an image that is on the node', () => {
  expect([sha256, `sha384:${hex.slice(0, 96)}`, `sha512:${hex}`].map(isImageId)).toEqual([true, true, true]);
  expect(['sha256:0123', `web@${sha256}`, `${sha256}@${sha256}`, hex, ''].some(isImageId)).toBe(false);
});

/*
 * The same grammar, written down a second time as expressions. JavaScript's engine may try each way to split a text, so
 * they are for tests alone.
 */
const domainComponent = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const domainPattern = String.raw`(?:${domainComponent}(?:\.${domainComponent})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`;
const pathComponent = String.raw`[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*`;
const remote = `${pathComponent}(?:/${pathComponent})*`;
const wholePattern = new RegExp(
  `^(?<name>(?:${domainPattern}/)?${remote})(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>[a-z0-9:]+))?$`,
);
const namePattern = new RegExp(`^(?:(?<domain>${domainPattern})/)?(?<path>${remote})$`);
const known = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;

function splitDomain(text: string): readonly [domain: string, rest: string] {
  const slash = text.indexOf('/');
  if (slash < 0) return ['docker.io', `library/${text}`];
  const [first, after] = [text.slice(0, slash), text.slice(slash + 1)];
  const isDomain = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  const domain = first === 'index.docker.io' || !isDomain ? 'docker.io' : first;
  const rest = isDomain ? after : text;
  return [domain, domain === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest];
}

function byExpressions(text: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(text)) return undefined;
  const [domain, rest] = splitDomain(text);
  const repository = rest.split(':', 1)[0] ?? '';
  if (repository.toLowerCase() !== repository) return undefined;
  const whole = wholePattern.exec(`${domain}/${rest}`)?.groups;
  const name = namePattern.exec(whole?.['name'] ?? '')?.groups;
  if (whole === undefined || name === undefined || (name['path'] ?? '').length > 255) return undefined;
  if (whole['digest'] !== undefined && !known.test(whole['digest'])) return undefined;
  return JSON.stringify([name['domain'] ?? '', name['path'], whole['tag'] ?? null, whole['digest'] ?? null]);
}

function byHand(text: string): string | undefined {
  const parsed = parseImageReference(text);
  if (typeof parsed === 'string') return undefined;
  return JSON.stringify([parsed.domain, parsed.path, parsed.tag ?? null, parsed.digest ?? null]);
}

describe('it is read as by expressions that say the same', () => {
  const atoms = fc.constantFrom(
    ...[
      'a',
      'b0',
      'A',
      'nginx',
      'localhost',
      'docker.io',
      'index.docker.io',
      'library',
      'registry.example.com',
      'ghcr.io',
    ],
    ...[
      '.',
      '..',
      '_',
      '__',
      '___',
      '-',
      '--',
      '/',
      '//',
      ':',
      '@',
      ':5000',
      '[::1]',
      '[',
      ']',
      '+',
      ' ',
      '\n',
      'é',
      '%',
    ],
    ...[
      `@${sha256}`,
      sha256,
      `@sha384:${hex.slice(0, 96)}`,
      `@sha512:${hex}`,
      '@md5:',
      hex.slice(0, 64),
      hex.slice(0, 32),
    ],
    ...['a'.repeat(127), 'a'.repeat(128), 'team/', 'a_b.c', ':latest', ':_x', ':-x', 'sha256'],
  );
  const texts = fc.array(atoms, { maxLength: 7 }).map((parts) => parts.join(''));
  const characters = fc.string({ unit: fc.constantFrom(...'aB0._-/:@[]'), maxLength: 9 });

  test.each([
    ['of its parts', texts],
    ['of its characters', characters],
    ['of anything', fc.string({ unit: 'binary', maxLength: 20 })],
  ])('where a text is made %s', (_what, made) => {
    fc.assert(
      fc.property(made, (text) => {
        expect(byHand(text)).toBe(byExpressions(text));
      }),
      { numRuns: 10_000 },
    );
  });

  test('where references are made as they should be', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,4}([._]|__|-{1,3})[a-z0-9]{1,4}$/);
    const domain = fc.option(
      fc.stringMatching(/^([a-zA-Z0-9]{1,5}\.){1,2}[a-z]{2,3}(:[0-9]{1,5})?\/$|^localhost(:[0-9]{1,5})?\/$/),
      { nil: '' },
    );
    const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const tag = fc.option(fc.stringMatching(/^:[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}$/), { nil: '' });
    const digest = fc.constantFrom('', `@${sha256}`);
    fc.assert(
      fc.property(domain, path, tag, digest, (...parts) => {
        const text = parts.join('');
        expect(byHand(text)).toBe(byExpressions(text));
        expect(byHand(text)).toBeDefined();
      }),
      { numRuns: 3_000 },
    );
  });
});

test('what is canonical is read as itself', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9./:-]{1,30}$/), (text) => {
      const parsed = parseImageReference(text);
      if (typeof parsed === 'string' || parsed.domain === '') return;
      const again = parseImageReference(parsed.repository + (parsed.tag === undefined ? '' : `:${parsed.tag}`));
      expect(again).toEqual(parsed);
    }),
    { numRuns: 5_000 },
  );
});

test.each(['a-', 'a.', 'a/', 'a:', '[:', '@', 'A', '-', 'a__', '\ud83d'])(
  'eight megabytes of %j are read in a moment',
  (unit) => {
    const started = process.hrtime.bigint();
    for (const text of [unit.repeat(4_000_000), `a.b/${unit.repeat(4_000_000)}`, `a:${unit.repeat(4_000_000)}`]) {
      expect(typeof parseImageReference(text)).toBe('string');
    }
    // Whoever tried each way to split them would not end in this universe; the bound only tells the two apart.
    expect(process.hrtime.bigint() - started).toBeLessThan(10_000_000_000n);
  },
);
