import type { CheckedFinding } from './checked-manifests.ts';
import type { Asked } from './three-judges.ts';

/** A finding that the manifest has and the stored object has not, or the other way round, or in other words. */
export interface Difference {
  readonly kind: string;
  readonly name: string;
  readonly manifest?: CheckedFinding | undefined;
  readonly stored?: CheckedFinding | undefined;
}

/** What the API server makes of a manifest, and what of that rules can see. There is nothing else. */
export const fillings: readonly { readonly kind: string; explains(difference: Difference, asked: Asked): boolean }[] = [
  {
    kind: 'a port of a pod on the host’s network is the host’s',
    explains: ({ manifest, stored }, { manifest: { object }, review }) =>
      manifest === undefined &&
      stored?.rule === 'hostPorts' &&
      valueIn(object, 'spec.hostNetwork') === true &&
      valueIn(object, stored.path) === undefined &&
      valueIn(review.request.object, stored.path) ===
        valueIn(object, stored.path.replace(/hostPort$/, 'containerPort')),
  },
  {
    kind: 'what an annotation says of AppArmor is copied to the field',
    explains: ({ manifest, stored }, { manifest: { object } }) =>
      manifest === undefined &&
      stored?.rule === 'appArmorProfile' &&
      stored.path.endsWith('.securityContext.appArmorProfile.type') &&
      valueIn(object, stored.path) === undefined &&
      JSON.stringify(object).includes(`"container.apparmor.security.beta.kubernetes.io/${stored.container}":`),
  },
  {
    kind: 'an empty list is left out',
    explains: ({ manifest, stored }, { manifest: { object }, review }) =>
      manifest !== undefined &&
      stored !== undefined &&
      JSON.stringify(valueIn(object, manifest.path)) === '[]' &&
      valueIn(review.request.object, stored.path) === undefined,
  },
];

/** Paths of these fields have no dots or brackets in their segments. */
function valueIn(object: unknown, path: string): unknown {
  const segments = path.match(/[^.[\]]+/g) ?? [];
  return segments.reduce<unknown>(
    (value, segment) => (value as Record<string, unknown> | undefined)?.[segment],
    object,
  );
}

export function differencesOf(asked: Asked): readonly Difference[] {
  const { manifest, ofManifest, ofStored } = asked;
  const place = ({ policy, rule, path, mode }: CheckedFinding): string => JSON.stringify([policy, rule, path, mode]);
  const [inManifest, inStored] = [ofManifest, ofStored].map(
    (findings) => new Map(findings.map((finding) => [place(finding), finding])),
  ) as [Map<string, CheckedFinding>, Map<string, CheckedFinding>];
  return [...new Set([...inManifest.keys(), ...inStored.keys()])].flatMap((key) => {
    const [before, after] = [inManifest.get(key), inStored.get(key)];
    if (before?.message === after?.message) return [];
    const difference = { kind: 'unexplained', name: manifest.name, manifest: before, stored: after };
    const filling = fillings.find(({ explains }) => explains(difference, asked));
    return [{ ...difference, ...(filling === undefined ? {} : { kind: filling.kind }) }];
  });
}
