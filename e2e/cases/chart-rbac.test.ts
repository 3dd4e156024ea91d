import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { noteCreated } from '../drivers/leftovers.ts';
import { waitFor } from '../drivers/waiting.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { asList, podOf, type RenderedObject, renderObjects } from '../harness/helm.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { kubectlOutput } from '../harness/kubectl.ts';
import { createNamespace } from '../harness/namespace.ts';

type Place = 'own' | 'canary' | 'cluster';
/** `get,watch secrets sekisho-ca`, sorted, by place. */
type Rights = Partial<Record<Place, readonly string[]>>;
type RightsOfAll = Readonly<Record<string, Rights>>;

const golden = parse(readFileSync(import.meta.filename.replace('.test.ts', '.yaml'), 'utf8')) as Record<
  'self' | 'existing',
  RightsOfAll
>;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding extends RenderedObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}

const isBinding = (object: RenderedObject): object is Binding => object.kind.endsWith('RoleBinding');

const right = (verbs: readonly string[], resource: string, names: readonly string[] = []): string =>
  [[...verbs].sort().join(','), resource, ...names].join(' ');

/** `podpolicies.sekisho.dev/status`, as kubectl writes it. */
function qualified(path: string, group: string): string {
  const [resource, ...subresource] = path.split('/');
  return [group === '' ? resource : `${resource}.${group}`, ...subresource].join('/');
}

function rightsOf({ apiGroups, resources, resourceNames, verbs }: Rule): readonly string[] {
  return apiGroups.flatMap((group) =>
    resources.map((resource) => right(verbs, qualified(resource, group), resourceNames)),
  );
}

/** One right of one account, and where. */
interface Granted {
  readonly process: string;
  readonly place: Place;
  readonly rights: readonly string[];
}

function placeOf({ namespace }: RenderedObject['metadata']): Place {
  if (namespace === undefined) return 'cluster';
  return namespace.endsWith('-canary') ? 'canary' : 'own';
}

/** Follows every binding from its service account to the rules. */
function granted(objects: readonly RenderedObject[]): readonly Granted[] {
  return objects.filter(isBinding).flatMap(({ metadata, roleRef, subjects }) => {
    const role = objects.find(
      (each) =>
        each.kind === roleRef.kind &&
        each.metadata.name === roleRef.name &&
        each.metadata.namespace === metadata.namespace,
    );
    if (role === undefined) throw new Error(`${metadata.name} binds a role that is not there`);
    const rights = (role['rules'] as readonly Rule[]).flatMap(rightsOf);
    return subjects.map(({ kind, name, namespace }) => {
      expect([kind, namespace]).toEqual(['ServiceAccount', 'sekisho']);
      return { process: name.replace(/^sekisho-/, ''), place: placeOf(metadata), rights };
    });
  });
}

function renderedRights(objects: readonly RenderedObject[]): RightsOfAll {
  const all = granted(objects);
  const of = (wanted: string): Rights =>
    Object.fromEntries(all.filter(({ process }) => process === wanted).map(({ place, rights }) => [place, rights]));
  return Object.fromEntries(all.map(({ process }) => [process, of(process)]));
}

const sorted = (all: RightsOfAll): RightsOfAll =>
  Object.fromEntries(
    Object.entries(all).map(([process, rights]) => [
      process,
      Object.fromEntries(Object.entries(rights).map(([place, list]) => [place, [...list].sort()])),
    ]),
  );

describeCase('the rights of the chart', ['helm'], () => {
  test.each([
    ['self', {}],
    ['existing', { variant: 'existing-certificate-values.yaml' }],
  ] as const)('with certificates.mode %s are those of chart-rbac.yaml', async (mode, rendering) => {
    const objects = await renderObjects(rendering);
    expect(sorted(renderedRights(objects))).toEqual(sorted(golden[mode]));
    const roles = objects
      .filter(({ kind }) => kind.endsWith('Role'))
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    const bound = objects
      .filter(isBinding)
      .map(({ roleRef, metadata }) => `${roleRef.kind} ${metadata.namespace}/${roleRef.name}`);
    expect(bound.sort()).toEqual(roles.sort());
  });

  test('with guard.enabled are one more: serve lists pods', async () => {
    const objects = await renderObjects({ values: { guard: { enabled: true } } });
    const { serve, ...others } = golden.self;
    const more = { ...serve, cluster: [...(serve?.cluster ?? []), 'list pods'] };
    expect(sorted(renderedRights(objects))).toEqual(sorted({ ...others, serve: more }));
  });

  test('are given to pods that use them, and a token to no other', async () => {
    for (const [mode, rendering] of [
      ['self', {}],
      ['existing', { variant: 'existing-certificate-values.yaml' }],
    ] as const) {
      const pods = (await renderObjects(rendering)).flatMap((object) => podOf(object) ?? []);
      const tokens = pods
        .filter(({ spec }) => spec.automountServiceAccountToken)
        .map(({ spec }) => spec.serviceAccountName);
      expect(tokens.sort()).toEqual(
        Object.keys(golden[mode])
          .map((process) => `sekisho-${process}`)
          .sort(),
      );
      expect(pods).toHaveLength(4);
    }
  });

  test('need no list but of what pods are judged by, no wildcard, and no secret but one', () => {
    const all = Object.values(golden)
      .flatMap((mode) => Object.values(mode))
      .flatMap((rights) => Object.values(rights).flat());
    const lists = new Set(all.filter((each) => /\blist\b/.test(each)).map((each) => each.split(' ')[1]));
    expect([...lists]).toEqual(['namespaces', 'podpolicies.sekisho.dev', 'podpolicyexceptions.sekisho.dev']);
    expect(all.filter((each) => /\*|impersonate|escalate|bind/.test(each))).toEqual([]);
    expect(all.filter((each) => each.includes('secrets') && !each.endsWith(' sekisho-ca'))).toEqual([]);
  });
});

describeCase('kubectl auth can-i --list', ['helm'], () => {
  const release = `r${randomBytes(4).toString('hex')}`;
  const places: Partial<Record<Place, string>> = {};
  const processes = Object.keys(golden.self);
  /** What the file says, of this release. */
  const rightsIn = (process: string, ...where: readonly Place[]): readonly string[] =>
    where
      .flatMap((place) => golden.self[process]?.[place] ?? [])
      .map((each) => each.replaceAll(/\bsekisho(?=$|-)/g, release))
      .sort();

  beforeAll(async () => {
    places.own = await createNamespace();
    const objects = await renderObjects({ release, namespace: places.own, values: { fullnameOverride: release } });
    places.canary = await createNamespace({}, { name: `${release}-canary` });
    places.cluster = await createNamespace();
    const access = objects.filter(({ kind }) => kind === 'ServiceAccount' || kind.includes('Role'));
    for (const { kind, metadata } of access) {
      if (metadata.namespace === undefined) await noteCreated(sharedCluster(), kind, metadata.name);
    }
    await kubectlOutput(['create', '-f', '-'], { stdin: asList(access) });
    // RBAC hears of new roles by a watch, of each kind by its own.
    const inForce = async () => {
      const counts = await inParallel(processes, 2, async (process) => (await listed(process, 'canary')).length);
      const own = await listed('controller', 'own');
      const given = processes.map((process) => rightsIn(process, 'canary', 'cluster').length);
      const all = own.length >= rightsIn('controller', 'own', 'cluster').length;
      return all && counts.every((count, index) => count >= (given[index] ?? 0)) ? true : undefined;
    };
    await waitFor(inForce, { withinMs: 40_000, what: 'the rights just given' });
  });

  /** What one service account may do, besides what everybody may. */
  async function listed(process: string, place: Place): Promise<readonly string[]> {
    const everybody = new Set(await rows('nobody', place));
    return (await rows(process, place)).filter((row) => !everybody.has(row)).sort();
  }

  async function rows(process: string, place: Place): Promise<readonly string[]> {
    const account = `system:serviceaccount:${places.own}:${release}-${process}`;
    const output = await kubectlOutput([
      'auth',
      'can-i',
      '--list',
      '--no-headers',
      '-n',
      places[place] ?? '',
      '--as',
      account,
    ]);
    return output
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [, resource = '', paths = '', names = '', verbs = ''] =
          /^(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]$/.exec(line) ?? [];
        if (verbs === '') throw new Error(`kubectl auth can-i printed ${line}`);
        return right(verbs.split(' '), `${resource}${paths}`, names === '' ? [] : names.split(' '));
      });
  }

  test.each(processes)('agrees of %s, in every namespace', async (process) => {
    expect(await listed(process, 'own')).toEqual(rightsIn(process, 'own', 'cluster'));
    expect(await listed(process, 'canary')).toEqual(rightsIn(process, 'canary', 'cluster'));
    expect(await listed(process, 'cluster')).toEqual(rightsIn(process, 'cluster'));
  });
});
