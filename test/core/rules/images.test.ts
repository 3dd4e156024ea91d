import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { workloads } from '../../../src/core/pod/workload.ts';
import { findingMessage } from '../../../src/core/render/finding-text.ts';
import { answer, containerWith, type Json, podWith, policyOf, reviewOf, wrap } from '../../admission-requests.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** Each of the rules, with settings that nothing but a readable image can satisfy. */
const everyRule: Json = {
  allowedRegistries: { images: ['**'] },
  deniedRegistries: { images: ['denied.example/**'] },
  disallowedTags: { tags: ['denied'] },
  requireTag: {},
  requireDigest: {},
  imagePullPolicy: { policies: ['Always', 'IfNotPresent', 'Never'] },
};
const ids = Object.keys(everyRule).sort();

interface Found {
  readonly rule: string;
  readonly path: string;
  readonly text: string;
}

/** What a section of a policy finds in a pod, or in an object around one. */
async function foundIn(images: Json, pod: Json, kind = 'Pod'): Promise<readonly Found[]> {
  const policies = [policyOf({ mode: 'Enforce', images: { workloads: 'Enforce', ...images } })];
  const { response, findings } = await answer(reviewOf(wrap(kind, pod), { kind }), { policies });
  expect(response.allowed).toBe(findings.length === 0);
  return findings.map((finding) => ({
    rule: finding.rule.id,
    path: formatFieldPath(finding.path),
    text: findingMessage(finding, 'en'),
  }));
}

async function rulesAgainst(images: Json, image: unknown): Promise<readonly string[]> {
  const found = await foundIn(images, podWith({ containers: [containerWith({ image })] }));
  return [...new Set(found.map(({ rule }) => rule))].sort();
}

/** Every place of a pod where an image can stand, and where it is blamed. */
const places: readonly (readonly [place: string, pod: (image: unknown) => Json, path: string])[] = [
  [
    'an init container',
    (image) => podWith({ initContainers: [containerWith({ image }, 'init')] }),
    'spec.initContainers[0].image',
  ],
  [
    'a sidecar',
    (image) => podWith({ initContainers: [containerWith({ image, restartPolicy: 'Always' }, 'side')] }),
    'spec.initContainers[0].image',
  ],
  [
    'a second container',
    (image) => podWith({ containers: [containerWith(), containerWith({ image }, 'second')] }),
    'spec.containers[1].image',
  ],
  [
    'an ephemeral container',
    (image) => podWith({ ephemeralContainers: [containerWith({ image }, 'debug')] }),
    'spec.ephemeralContainers[0].image',
  ],
  [
    'an image volume',
    (reference) =>
      podWith({
        volumes: [
          { name: 'plain', emptyDir: {} },
          { name: 'model', image: { reference } },
        ],
      }),
    'spec.volumes[1].image.reference',
  ],
];

const team: Json = { allowedRegistries: { images: ['registry.example.com/**'] } };

describe('image grammar: with registries limited to registry.example.com', () => {
  test.each([
    ['an upper-case host', 'REGISTRY.EXAMPLE.COM/app:1'],
    ['the host with a port', 'registry.example.com:443/app:1'],
    ['the host with another port', 'registry.example.com:5000/app:1'],
    ['a port with leading zeros', 'registry.example.com:0443/app:1'],
    ['a trailing dot', 'registry.example.com./app:1'],
    ['the host as a user', 'registry.example.com@evil.io/app:1'],
    ['the host as user and password', 'registry.example.com:x@evil.io/app:1'],
    ['the host as a tag', 'evil.io/app:registry.example.com/app'],
    ['the host within another', 'registry.example.com.evil.io/app:1'],
    ['the host after another', 'evil.io/registry.example.com/app:1'],
    ['a Cyrillic letter', 'r\u0435gistry.example.com/app:1'],
    ['a full-width letter', '\uff52egistry.example.com/app:1'],
    ['a full-width full stop', 'registry\uff0eexample.com/app:1'],
    ['a letter of two code units', '\u{1d42b}egistry.example.com/app:1'],
    ['a soft hyphen', 'regis\u00adtry.example.com/app:1'],
    ['a scheme', 'https://registry.example.com/app:1'],
    ['two slashes', 'registry.example.com//app:1'],
    ['a backslash', 'registry.example.com\\app:1'],
    ['a way up', 'registry.example.com/../evil.io/app:1'],
    ['an escaped slash', 'registry.example.com%2fapp:1'],
    ['no registry', 'app:1'],
    ['a short digest', 'registry.example.com/app@sha256:0123'],
    ['a digest of another length', `registry.example.com/app@${digest}00`],
    ['a digest in upper case', `registry.example.com/app@${digest.replace('abcdef', 'ABCDEF')}`],
    ['two digests', `registry.example.com/app@${digest}@${digest}`],
    ['a space before it', ' registry.example.com/app:1'],
    ['a space after it', 'registry.example.com/app:1 '],
    ['a line break', 'registry.example.com/app:1\nevil.io/app'],
    ['a null character', 'registry.example.com/app:1\0'],
    ['nothing', ''],
    ['a space', ' '],
    ['the id of an image', digest],
    ['the bare id of an image', digest.slice(7)],
    ['no text', 7],
    ['a list', ['registry.example.com/app:1']],
    ['an object', { name: 'registry.example.com/app:1' }],
    ['true', true],
  ])('%s is denied', async (_what, image) => {
    expect(await rulesAgainst(team, image)).toEqual(['allowedRegistries']);
  });

  test.each([
    'registry.example.com/app',
    'registry.example.com/app:1',
    `registry.example.com/a/b/c:1@${digest}`,
    `registry.example.com/app@${digest}`,
  ])('%s is allowed', async (image) => {
    expect(await rulesAgainst(team, image)).toEqual([]);
  });

  test('a registry of a name that DNS cannot have is denied even where all are allowed', async () => {
    expect(await rulesAgainst({ allowedRegistries: { images: ['**'] } }, `${'a.'.repeat(200)}io/app:1`)).not.toEqual(
      [],
    );
  });

  test.each(['', ' ', 'App', 'app:', 'app@sha256:0', digest, digest.slice(7), 'a b', 'https://a.b/c', 7, true, {}, []])(
    'what is no reference violates every rule: %j',
    async (image) => {
      expect(await rulesAgainst(everyRule, image)).toEqual(ids);
    },
  );

  test('whoever says less is told which part is wrong', async () => {
    const text = async (image: unknown) =>
      (await foundIn(team, podWith({ containers: [containerWith({ image })] })))[0]?.text;
    expect(await text('registry.example.com/App')).toMatch(
      /^"registry\.example\.com\/App" is no image reference: its repository must be lower-case/,
    );
    expect(await text('https://a.b/c')).toMatch(/^"https:\/\/a\.b\/c" is no image reference: its registry must be/);
    expect(await text('a.b/c:')).toMatch(/its tag must be/);
    expect(await text('a.b/c@sha256:0')).toMatch(/its digest must be sha256: and 64/);
    expect(await text('r\u0435g.io/c')).toMatch(/a character that no image reference can have/);
    expect(await text(digest)).toMatch(/is the id of an image on the node/);
    expect(await text('nginx:latest')).toBe('"nginx:latest": registry docker.io is not in [registry.example.com/**]');
  });
});

describe('prefix: with registry.example.com/team/** allowed', () => {
  const images = { allowedRegistries: { images: ['registry.example.com/team/**', 'registry.example.com/tools'] } };

  test.each([
    'registry.example.com/team-evil/x',
    'registry.example.com/team',
    'registry.example.com/team_evil/x',
    'registry.example.com/teams/x',
    'registry.example.com/a/team/x',
    'registry.example.com/tools/x',
    'registry.example.com/tools-evil',
    'registry.example.com/x',
  ])('%s is denied', async (image) => {
    expect(await rulesAgainst(images, image)).toEqual(['allowedRegistries']);
  });

  test.each([
    'registry.example.com/team/x',
    'registry.example.com/team/x/y',
    'registry.example.com/team/team-evil',
    'registry.example.com/tools',
  ])('%s is allowed', async (image) => {
    expect(await rulesAgainst(images, image)).toEqual([]);
  });

  test('it is said whether the registry or the repository is another', async () => {
    const pod = podWith({ containers: [containerWith({ image: 'registry.example.com/team-evil/x' })] });
    expect((await foundIn(images, pod))[0]?.text).toBe(
      '"registry.example.com/team-evil/x": repository registry.example.com/team-evil/x is not in [registry.example.com/team/**, registry.example.com/tools]',
    );
  });
});

describe.each(places)('image volume, init, sidecar, ephemeral: %s', (_place, pod, path) => {
  test('is denied an image of another registry, and allowed one of ours', async () => {
    expect((await foundIn(team, pod('ghcr.io/acme/app:1'))).map((found) => found.path)).toEqual([path]);
    expect(await foundIn(team, pod('registry.example.com/acme/app:1'))).toEqual([]);
  });

  test.each(workloads.map(({ kind }) => kind))('in a %s too', async (kind) => {
    const prefix = workloads.find((workload) => workload.kind === kind)?.path ?? [];
    const found = await foundIn(team, pod('ghcr.io/acme/app:1'), kind);
    expect(found.map((each) => each.path)).toEqual([[formatFieldPath(prefix), path].filter(Boolean).join('.')]);
  });

  test.each([
    ['deniedRegistries', { images: ['ghcr.io/**'] }],
    ['disallowedTags', { tags: ['latest'] }],
    ['requireTag', {}],
    ['requireDigest', {}],
    ['imagePullPolicy', { policies: ['Never'] }],
  ])('is judged by %s', async (rule, settings) => {
    const found = await foundIn({ [rule]: settings }, pod('ghcr.io/acme/app'));
    expect(found.map((each) => each.path.replace(/\.(imagePullPolicy|pullPolicy)$/, ''))).toContain(
      rule === 'imagePullPolicy' ? path.replace(/\.(image|reference)$/, '') : path,
    );
  });

  test.each(['', ' ', 'Ghcr.io/', 7, {}])('is denied what is no image: %j', async (image) => {
    expect((await foundIn({ requireTag: {} }, pod(image))).map((found) => found.path)).toEqual([path]);
  });

  test('without an image has none to judge: the API server demands one of every pod', async () => {
    expect(await foundIn(team, pod(null))).toEqual([]);
    expect(await foundIn(team, pod(undefined))).toEqual([]);
  });
});

test('names that JavaScript gives every object are ordinary ones', async () => {
  const text = `{"metadata": {"name": "x"}, "spec": {"containers": [{"name": "__proto__", "image": "constructor"}],
    "volumes": [{"name": "__proto__", "image": {"__proto__": {"reference": "a.b/c"}, "reference": "toString:1"}}]}}`;
  const found = await foundIn(team, JSON.parse(text) as Json);
  expect(found.map(({ path }) => path)).toEqual(['spec.containers[0].image', 'spec.volumes[0].image.reference']);
});

describe('denied registries', () => {
  const denied = {
    deniedRegistries: { images: ['docker.io/**', 'ghcr.io/retired/*', 'registry.example.com:5000/**'] },
  };

  test.each([
    'nginx',
    'library/nginx',
    'docker.io/nginx',
    'index.docker.io/acme/app',
    'index.docker.io:443/acme/app',
    'registry-1.docker.io/acme/app',
    'Registry-1.Docker.io:0443/acme/app',
    'DOCKER.IO/acme/app',
    'docker.io:443/acme/app',
    'ghcr.io/retired/app',
    'GHCR.IO/retired/app',
    'ghcr.io:443/retired/app',
    'ghcr.io:8443/retired/app',
    'registry.example.com:5000/app',
    'registry.example.com:05000/app',
    'Registry.Example.com:5000/app',
  ])('%s is denied', async (image) => {
    expect(await rulesAgainst(denied, image)).toEqual(['deniedRegistries']);
  });

  test.each([
    'ghcr.io/acme/app',
    'ghcr.io/retired/app/more',
    'ghcr.io/retired-not/app',
    'ghcr.io.example/retired/app',
    'registry.example.com/app',
    'registry.example.com:5001/app',
  ])('%s is not', async (image) => {
    expect(await rulesAgainst(denied, image)).toEqual([]);
  });
});

describe('disallowed tags', () => {
  const tags = { disallowedTags: { tags: ['latest', '*-dev', 'snap*'] } };

  test.each(['app', 'app:latest', 'a.b:5000/app', 'app:1-dev', 'app:snapshot', 'app:snap'])(
    '%s is denied',
    async (image) => {
      expect(await rulesAgainst(tags, image)).toEqual(['disallowedTags']);
    },
  );

  test.each(['app:1', 'app:Latest', 'app:latest-1', 'app:1-dev2', `app@${digest}`, `app:latest@${digest}`])(
    '%s is not',
    async (image) => {
      expect(await rulesAgainst(tags, image)).toEqual([]);
    },
  );
});

describe('the pull policy', () => {
  const only = (policy: string) => ({ imagePullPolicy: { policies: [policy] } });

  test.each([
    ['app', 'Always'],
    ['app:latest', 'Always'],
    [`app:latest@${digest}`, 'Always'],
    [`app@${digest}`, 'IfNotPresent'],
    ['app:1', 'IfNotPresent'],
    ['app:Latest', 'IfNotPresent'],
  ])('of %s is %s where nothing else is said, as the API server has it', async (image, policy) => {
    for (const imagePullPolicy of [undefined, null, '']) {
      const pod = podWith({ containers: [containerWith({ image, imagePullPolicy })] });
      expect(await foundIn(only(policy), pod)).toEqual([]);
      expect((await foundIn(only('Never'), pod)).map(({ text }) => text)).toEqual([
        `is unset, which for this image means ${policy}, must be one of Never`,
      ]);
    }
  });

  test.each(['always', 'Sometimes', 7, true, {}, ['Always']])('may not be %j', async (imagePullPolicy) => {
    const pod = podWith({ containers: [containerWith({ imagePullPolicy })] });
    const found = await foundIn(only('Always'), pod);
    expect(found.map(({ path }) => path)).toEqual(['spec.containers[0].imagePullPolicy']);
  });

  test('is the first allowed one in the changes that a denial proposes', async () => {
    const policies = [policyOf({ mode: 'Enforce', images: { imagePullPolicy: { policies: ['Never', 'Always'] } } })];
    const volumes = [{ name: 'model', image: { reference: 'a.b/model:1', pullPolicy: 'IfNotPresent' } }];
    const { response } = await answer(reviewOf(podWith({ volumes })), { policies });
    expect(response.status?.message).toContain('imagePullPolicy: Never');
    expect(response.status?.message).toContain('pullPolicy: Never');
  });
});
