import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBundle } from '../../../src/io/certificates/ca-bundle.ts';
import type { Authority, CaState } from '../../../src/io/certificates/ca-secret.ts';
import { nextStep, type RotationView } from '../../../src/io/certificates/rotation.ts';
import { createRotationWorld, empty, type RotationWorld, times } from './rotation-world.ts';

const { propagation, leafLifetime, caLifetime } = times;
const now = new Date('2026-05-05T10:00:00Z');
const inMs = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);

function authority(name: string, until = inMs(caLifetime)): Authority {
  return { cert: `${name}\n`, key: `key of ${name}`, notBefore: inMs(-3_600_000), notAfter: until };
}

const [old, fresh] = [authority('old'), authority('new')];
const retired: CaState = { ...empty, signing: old, bundle: [old.cert], phase: 'Retired', since: inMs(-1) };
const published: CaState = {
  ...empty,
  signing: old,
  next: fresh,
  bundle: [old.cert, fresh.cert],
  phase: 'Published',
  since: inMs(-1),
};
const signing: CaState = {
  ...empty,
  signing: fresh,
  bundle: [old.cert, fresh.cert],
  phase: 'Signing',
  since: inMs(-leafLifetime - propagation + 1),
};

const entry = (...certificates: string[]) => ({ caBundle: encodeBundle(certificates), certificates });

function view(state: CaState, changes: Partial<RotationView> = {}): RotationView {
  return { state, entries: [entry(...state.bundle)], heldFor: propagation * 2, now, times, ...changes };
}

/** What the step writes, the made CA named `made`. */
function contentOf(step: ReturnType<typeof nextStep>) {
  if (step.kind === 'authority') return step.with({ cert: 'made\n', key: 'key' });
  if (step.kind === 'write') return step.content;
  throw new Error(`writes nothing: ${step.kind}`);
}

describe('the next step', () => {
  test('for an empty Secret is the first CA, which signs at once', () => {
    const step = nextStep(view(empty, { entries: [entry()] }));
    expect(step).toMatchObject({ kind: 'authority', reason: 'first' });
    expect(contentOf(step)).toMatchObject({ bundle: ['made\n'], phase: 'Retired' });
  });

  test('for a Secret that was emptied keeps whom the API servers trust, and signs at once', () => {
    const step = nextStep(view(empty, { entries: [entry(old.cert, fresh.cert), entry(old.cert)] }));
    expect(step).toMatchObject({ kind: 'authority', reason: 'lost' });
    expect(contentOf(step)).toMatchObject({ bundle: [old.cert, fresh.cert, 'made\n'], phase: 'Signing' });
  });

  test('where a CA expired makes another and keeps its certificate', () => {
    const expired = authority('expired', inMs(-1));
    const step = nextStep(view({ ...retired, signing: expired, bundle: [expired.cert] }));
    expect(step).toMatchObject({ kind: 'authority', reason: 'lost' });
    expect(contentOf(step).bundle).toEqual([expired.cert, 'made\n']);
  });

  test('does not let the bundle grow without end', () => {
    const many = Array.from({ length: 40 }, (_, index) => `CA ${index}\n`);
    expect(contentOf(nextStep(view(empty, { entries: [entry(...many)] }))).bundle).toHaveLength(16);
  });

  test('is nothing until a third of the life is left, then the next CA is published', () => {
    const step = nextStep(view(retired));
    expect(step).toEqual({ kind: 'wait', milliseconds: (caLifetime * 2) / 3 });
    const due = nextStep(view(retired, { now: inMs((caLifetime * 2) / 3) }));
    expect(due).toMatchObject({ kind: 'authority', reason: 'rotation' });
    expect(contentOf(due)).toMatchObject({
      signing: old,
      next: { cert: 'made\n' },
      bundle: [old.cert, 'made\n'],
      phase: 'Published',
      rotationGranted: true,
    });
  });

  test('is a rotation when one is asked for, but not before the last one is over', () => {
    expect(nextStep(view({ ...retired, rotationAsked: true }))).toMatchObject({ reason: 'rotation' });
    for (const state of [published, signing]) {
      const step = nextStep(view({ ...state, rotationAsked: true }, { heldFor: 0 }));
      expect(step.kind).toBe('wait');
    }
  });

  test.each([
    ['never', undefined, 'wait'],
    ['a moment too short', propagation - 1, 'wait'],
    ['long enough', propagation, 'write'],
  ])('after publishing, where the configuration held both %s, is to %s', (_how, heldFor, kind) => {
    const step = nextStep(view(published, { heldFor }));
    expect(step.kind).toBe(kind);
    if (kind === 'write') {
      expect(contentOf(step)).toEqual({ signing: fresh, bundle: [old.cert, fresh.cert], phase: 'Signing' });
    }
  });

  test('after signing began is to wait for the last old leaf, then to drop the old CA', () => {
    expect(nextStep(view(signing))).toEqual({ kind: 'wait', milliseconds: 1 });
    const step = nextStep(view(signing, { now: inMs(1) }));
    expect(contentOf(step)).toEqual({ signing: fresh, bundle: [fresh.cert], phase: 'Retired' });
  });

  test.each([
    ['emptied', entry()],
    ['corrupted', { caBundle: 'Z2FyYmFnZQ==', certificates: [] }],
    ['added to', entry(old.cert, 'somebody\n')],
    ['spoiled beside a good certificate', { caBundle: 'AAAA', certificates: [old.cert] }],
  ])('for a caBundle that was %s is to repair it', (_how, spoiled) => {
    const entries = [entry(old.cert), spoiled];
    expect(nextStep(view(retired, { entries }))).toEqual({ kind: 'trust', bundle: [old.cert] });
  });

  test('without a configuration goes no further than publishing', () => {
    expect(nextStep(view(published, { entries: [], heldFor: undefined })).kind).toBe('wait');
  });

  test.each([
    ['a bundle without the signing CA', { ...retired, bundle: [] }, 'Retired', [old.cert]],
    ['a foreign certificate in the bundle', { ...retired, bundle: ['x\n', old.cert] }, 'Signing', ['x\n', old.cert]],
    ['a phase that is none', { ...retired, phase: undefined }, 'Retired', [old.cert]],
    ['a phase without its CA', { ...published, next: undefined }, 'Signing', [old.cert, fresh.cert]],
    ['a phase from the future', { ...signing, since: inMs(1) }, 'Signing', [old.cert, fresh.cert]],
    ['the same CA twice', { ...published, next: old }, 'Signing', [old.cert, fresh.cert]],
    ['an expired next CA', { ...published, next: authority('new', now) }, 'Signing', [old.cert, fresh.cert]],
  ] as const)('mends %s, and starts the phase again', (...[, state, phase, bundle]) => {
    const step = nextStep(view(state, { entries: [entry(old.cert)] }));
    expect(step).toMatchObject({ kind: 'write', reason: 'mended' });
    expect(contentOf(step)).toMatchObject({
      signing: old.cert === state.signing?.cert ? old : fresh,
      phase,
      bundle,
    });
  });
});

/** Two controllers, replicas and API servers that are late, and somebody who interferes. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('keeper' as const),
      who: fc.nat(1),
      moves: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('time' as const), share: fc.integer({ min: 1, max: 120 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), who: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const) }) },
);
const emptied = fc.record({ kind: fc.constant('empty' as const) });
const restarted = fc.record({ kind: fc.constant('restart' as const), who: fc.nat(2) });

type Happening = typeof happening | typeof emptied | typeof restarted extends fc.Arbitrary<infer T> ? T : never;

function play(
  world: RotationWorld,
  happenings: readonly (Happening | { kind: 'empty' } | { kind: 'restart'; who: number })[],
) {
  for (const one of happenings) {
    if (one.kind === 'keeper') for (let moves = 0; moves < one.moves; moves++) world.moveKeeper(one.who);
    else if (one.kind === 'time') world.pass((propagation * one.share) / 60);
    else if (one.kind === 'crash') world.crashKeeper(one.who);
    else if (one.kind === 'rotate') world.askForRotation();
    else if (one.kind === 'empty') {
      // Somebody who does it again before the replicas have a leaf of the CA that was made the last time has his outage.
      if (world.sinceEmptied() < leafLifetime) continue;
      world.emptySecret();
      // Controllers that are at work: where there is none, nobody makes a CA either.
      world.settle(propagation / 4);
    } else world.restartReplica(one.who);
  }
}

const lags = fc.array(fc.integer({ min: 0, max: propagation - 1 }), { minLength: 3, maxLength: 3 });

describe('whatever the order of events', { timeout: 180_000 }, () => {
  test.each([
    ['replicas restart', restarted],
    ['the Secret is emptied', emptied],
  ])(
    'while %s, every leaf in service verifies against every caBundle in use, and it ends in one CA',
    (_what, extra) => {
      const all = fc.array(fc.oneof({ weight: 12, arbitrary: happening }, { weight: 1, arbitrary: extra }), {
        maxLength: 100,
        size: 'max',
      });
      fc.assert(
        fc.property(lags, all, (late, happenings) => {
          const world = createRotationWorld(late);
          world.settle(4 * propagation);
          world.check = true;
          play(world, happenings as never);
          world.settle(3 * (leafLifetime + 3 * propagation));
          expect(world.distrusted).toEqual([]);
          expect(world.state()).toMatchObject({ phase: 'Retired', next: undefined, rotationAsked: false });
          expect(world.state().bundle).toEqual([world.state().signing?.cert]);
          expect(world.trusted()).toEqual(world.state().bundle);
        }),
        { numRuns: 60 },
      );
    },
  );

  test('two controllers at once make one CA, and one more for each rotation', () => {
    fc.assert(
      fc.property(lags, fc.array(fc.nat(1), { maxLength: 60 }), (late, order) => {
        const world = createRotationWorld(late);
        for (const who of order) world.moveKeeper(who);
        world.settle(2 * propagation);
        expect(world.generations()).toBe(1);
        world.askForRotation();
        for (const who of order) world.moveKeeper(who);
        world.settle(leafLifetime + 5 * propagation);
        expect(world.generations()).toBe(2);
        expect(world.state().bundle).toHaveLength(1);
      }),
    );
  });

  test('a CA that nobody rotates is rotated in time, again and again', () => {
    const world = createRotationWorld([0, propagation / 2, propagation - 1]);
    world.settle(4 * propagation);
    world.check = true;
    world.settle(caLifetime * 3);
    expect(world.distrusted).toEqual([]);
    expect(world.generations()).toBeGreaterThanOrEqual(4);
    expect(world.generations()).toBeLessThanOrEqual(6);
  });
});
