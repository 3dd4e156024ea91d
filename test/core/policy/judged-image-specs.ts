import type { JudgedSpec } from './judged-specs.ts';

function withPattern(pattern: string): object {
  return { images: { allowedRegistries: { images: ['**', pattern] } } };
}

const accepted = [
  '**',
  '*/app',
  'docker.io/library/nginx',
  'docker.io/**',
  'ghcr.io/a_b/c__d/e.f/g--h/**',
  '*.gcr.io/acme-*/**',
  '123456789012.dkr.ecr.*.amazonaws.com/**',
  'localhost:5000/app',
  '[::1]:5000/app',
];

const refused: readonly (readonly [pattern: string, message: string])[] = [
  ['ghcr.io/Acme/**', 'must be in lower case, as the names of repositories are'],
  [
    'https://ghcr.io/acme/**',
    'must begin with the registry and have no scheme: write ghcr.io/acme/**, not https://ghcr.io/acme/**',
  ],
  [
    'ghcr.io/acme/app:1.0',
    'must have neither a tag nor a digest: write docker.io/library/nginx, and which tags may be in disallowedTags',
  ],
  ['ghcr.io', 'must go on after the registry, and not end in a slash: write ghcr.io/** for a whole registry'],
  ['nginx', 'must begin with the registry: write docker.io/library/nginx for nginx, and docker.io/acme/** for acme/**'],
  [
    'docker.io/nginx',
    'must name library, which images of Docker Hub without an owner are in: write docker.io/library/nginx',
  ],
  ['index.docker.io/library/nginx', 'must name Docker Hub as canonical names do: write docker.io/library/nginx'],
  ['ghcr.io/**/app', 'must have ** only as its last segment, for all that is below: write ghcr.io/acme/**'],
  ['ghcr.io*/**', "must end the registry's name without a *, or anybody's host would match: write *.gcr.io/**"],
  ['ghcr.io/a b', 'must be a registry and a repository: registry.example.com/team/app, registry.example.com/team/**'],
];

/** What a policy may and may not have as the name of repositories. */
export const judgedImageSpecs: readonly JudgedSpec[] = [
  ...accepted.map(
    (pattern) => ({ what: `the pattern ${pattern}`, kind: 'PodPolicy', spec: withPattern(pattern) }) as const,
  ),
  ...refused.map(
    ([pattern, message]) =>
      ({
        what: `the pattern ${pattern}`,
        kind: 'PodPolicy',
        spec: withPattern(pattern),
        refused: { field: 'spec.images.allowedRegistries.images[1]', message },
      }) as const,
  ),
  {
    what: 'a denied pattern that can match nothing',
    kind: 'PodPolicy',
    spec: { images: { deniedRegistries: { images: ['docker.io/*'] } } },
    refused: {
      field: 'spec.images.deniedRegistries.images[0]',
      message: 'must name library, which images of Docker Hub without an owner are in: write docker.io/library/nginx',
    },
  },
  {
    what: 'tags and pull policies',
    kind: 'PodPolicy',
    spec: {
      images: { disallowedTags: { tags: ['latest', '*-dev'] }, imagePullPolicy: { policies: ['Always', 'Never'] } },
    },
  },
];
