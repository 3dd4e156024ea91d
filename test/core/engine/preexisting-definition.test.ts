import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate } from '../../../src/core/engine/assess.ts';
import { markPreexisting } from '../../../src/core/engine/preexisting.ts';
import type { FieldPath } from '../../../src/core/pod/field-path.ts';
import { podViewAt } from '../../../src/core/pod/workload.ts';
import { noExceptions } from '../../../src/core/policy/exceptions.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { hostNamespaces } from '../../../src/core/rules/podSecurity/hostNamespaces.ts';
import type { CheckContext } from '../../../src/core/rules/rule.ts';
import { offline } from '../../../src/io/offline.ts';
import { containerWith, podWith } from '../../admission-requests.ts';

/*
 * The pairs of preexisting.test.ts are judged by the rules that there are, of which no two say the same of one field.
 * Here rules say anything of anything, so that each part of the definition decides: rule, message, place, value.
 */

/** A field, and what it is called when items of lists are called by their names: never taken from the path. */
interface Place {
  readonly path: FieldPath;
  readonly called: string;
}

interface Said {
  readonly rule: number;
  readonly message: 'first' | 'second';
  readonly place: Place;
  readonly found: unknown;
}

interface Template {
  readonly containers: readonly { readonly name: string; readonly args: readonly string[] }[];
  readonly tolerations: readonly { readonly key: string }[];
}

const template: fc.Arbitrary<Template> = fc.record({
  containers: fc
    .shuffledSubarray(['a', 'b', 'c'], { minLength: 1 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({ name: fc.constant(name), args: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }) }),
        ),
      ),
    ),
  tolerations: fc.array(fc.record({ key: fc.constantFrom('one', 'two') }), { maxLength: 2 }),
});

function placesIn({ containers, tolerations }: Template): readonly [Place, ...Place[]] {
  return [
    { path: ['spec', 'hostPID'], called: 'hostPID' },
    ...containers.flatMap(({ name, args }, at) => [
      { path: ['spec', 'containers', at, 'image'], called: `the image of ${name}` },
      ...args.map((arg, index) => ({
        path: ['spec', 'containers', at, 'args', index],
        called: `the argument ${arg} of ${name}`,
      })),
    ]),
    // They have no names, so that their positions must do.
    ...tolerations.map((_, at) => ({
      path: ['spec', 'tolerations', at, 'key'],
      called: `the key of toleration ${at}`,
    })),
  ];
}

const saidOf = (chosen: Template, maxLength: number) =>
  fc.array(
    fc.record<Said>({
      rule: fc.nat({ max: 1 }),
      message: fc.constantFrom('first', 'second'),
      place: fc.constantFrom(...placesIn(chosen)),
      found: fc.constantFrom<unknown>(1, '1', ['a', 'b'], ['a,b'], { a: 1, b: 2 }, { b: 2, a: 1 }),
    }),
    { maxLength },
  );

/** A field holds one value, so that no rule says the same of it twice. */
function once(said: readonly Said[]): readonly Said[] {
  const key = ({ rule, message, place }: Said) => `${rule} ${message} ${place.path.join()}`;
  return [...new Map(said.map((each) => [key(each), each])).values()];
}

/** Two templates and what is said of them: of the new one some of what was said of the old, and something else. */
const pairs = fc.tuple(template, template).chain(([old, now]) =>
  fc.tuple(saidOf(old, 8), saidOf(now, 2), fc.nat({ max: 4 })).map(([before, fresh, most]) => {
    const kept = before.flatMap((each) =>
      placesIn(now)
        .filter(({ called }) => called === each.place.called)
        .map((place) => ({ ...each, place })),
    );
    return [
      { template: old, said: once(before) },
      { template: now, said: once([...kept.slice(0, most), ...fresh]) },
    ] as const;
  }),
);

/** The definition: equal rule, message, place with items of lists by their names, and value. */
function isSame(one: Said, other: Said): boolean {
  const parts = ({ rule, message, place, found }: Said) => [rule, message, place.called, found];
  return isDeepStrictEqual(parts(one), parts(other));
}

const text = { en: 'wrong', ja: '誤り' };
const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };

function viewOf({ containers, tolerations }: Template, name: string) {
  const spec = { containers: containers.map((each) => containerWith({ args: each.args }, each.name)), tolerations };
  return podViewAt(podWith(spec, { name }), ['spec', 'template'], reference);
}

test('of 2,000 random pairs of templates, what the definition calls the same is preexisting and nothing else', () => {
  const seen = { preexisting: 0, new: 0, letThrough: 0, denied: 0 };
  fc.assert(
    fc.property(pairs, ([before, now]) => {
      const [old, pod] = [viewOf(before.template, 'old'), viewOf(now.template, 'new')];
      const rules = [0, 1].map((index) => {
        const version = {
          since: '1.0',
          check(of: object, { report }: CheckContext<'first' | 'second'>): undefined {
            const { said } = of === old ? before : now;
            for (const { rule, place, message, found } of said)
              if (rule === index) report({ path: place.path, message, found });
          },
        } as const;
        const rule = {
          ...hostNamespaces,
          id: `rule${index}`,
          messages: { first: text, second: text },
          versions: [version],
        } as const;
        return { policy: 'production', rule, version, params: {}, mode: 'Enforce', exclusions: [] } as const;
      });
      const asked = { rules, exceptions: noExceptions };
      const bound = { ...asked, enforced: '', messages: new Map(), newOnly: new Set(['production']) };
      const update = { pod, readOld: () => old, bound, ...offline };
      const marked = markPreexisting(evaluate(pod, asked, noFacts), update);
      if (marked instanceof Promise) throw new Error('nothing is to be waited for');
      const known = now.said.map((each) => before.said.some((other) => isSame(each, other)));
      const expected = now.said.map(({ rule, message, place, found }, index) => {
        return { rule: `rule${rule}`, message, path: place.path, found, preexisting: known[index] };
      });
      const actual = marked.findings.map(({ rule, violation, preexisting = false }) => {
        const { message, path, found } = violation;
        return { rule: rule.id, message, path, found, preexisting };
      });
      expect(actual).toHaveLength(expected.length);
      expect(actual).toEqual(expect.arrayContaining(expected));
      expect(marked.allowed).toBe(!known.includes(false));
      for (const each of known) seen[each ? 'preexisting' : 'new']++;
      if (known.length > 0) seen[marked.allowed ? 'letThrough' : 'denied']++;
    }),
    { numRuns: 2_000, seed: 20_260_101 },
  );
  // The definition is tried on both sides, often.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
});
