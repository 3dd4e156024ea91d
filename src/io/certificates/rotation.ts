import { isValid, type KeyPair } from '../tls/key-pair.ts';
import { encodeBundle, type WebhookEntry } from './ca-bundle.ts';
import type { Authority, CaContent, CaState } from './ca-secret.ts';

/** Milliseconds. */
export interface CertificateTimes {
  readonly caLifetime: number;
  readonly leafLifetime: number;
  /** How long a change of Secret or configuration may take until every replica and API server has seen it. */
  readonly propagation: number;
}

/** All that the next step depends on. */
export interface RotationView {
  readonly state: CaState;
  /** What our entries trust in the live configuration; none where there is no configuration. */
  readonly entries: readonly Pick<WebhookEntry, 'caBundle' | 'certificates'>[];
  /** For how long (ms) every reading of the live configuration has held the whole bundle; undefined: it does not. */
  readonly heldFor: number | undefined;
  readonly now: Date;
  readonly times: CertificateTimes;
}

/** One change, after which everything is read again. */
export type Step =
  /** Nothing is due for so many milliseconds, unless something changes. */
  | { readonly kind: 'wait'; readonly milliseconds: number }
  /** Make a CA and write what follows from it. */
  | { readonly kind: 'authority'; readonly reason: 'first' | 'lost' | 'rotation'; with(made: KeyPair): CaContent }
  | { readonly kind: 'write'; readonly reason: 'signing' | 'retired' | 'mended'; readonly content: CaContent }
  /** Write the bundle into the configuration. */
  | { readonly kind: 'trust'; readonly bundle: readonly string[] };

/** Who was trusted before is kept in the bundle, up to so many: somebody who empties the Secret again and again. */
const mostKept = 15;

/**
 * What is to be done next. Nothing is remembered between two steps but what stands in Secret and configuration, and how
 * long the latter was watched: a controller may end between any two of them, and a second one may run beside it.
 */
export function nextStep(view: RotationView): Step {
  const { state, entries, now } = view;
  const signing = usable(state.signing, now);
  if (signing === undefined) return startAnew(view);
  const mended = mend(view, signing);
  if (mended !== undefined) return { kind: 'write', reason: 'mended', content: mended };
  const { bundle } = state;
  const wanted = encodeBundle(bundle);
  if (entries.some(({ caBundle }) => caBundle !== wanted)) return { kind: 'trust', bundle };
  return advance(view, signing);
}

/** The Secret is empty or spoiled. Whom the API servers trust now stays trusted, because leaves of theirs still serve. */
function startAnew({ state, entries }: RotationView): Step {
  const kept = [...new Set([...trustedBy(entries), ...certificatesOf(state)])].slice(-mostKept);
  return {
    kind: 'authority',
    reason: kept.length === 0 ? 'first' : 'lost',
    with: (made) => ({
      signing: made,
      bundle: [...kept, made.cert],
      phase: kept.length === 0 ? 'Retired' : 'Signing',
    }),
  };
}

/** The content as it ought to be where somebody spoiled a part that is not the signing CA. */
function mend({ state, entries, now }: RotationView, signing: Authority): CaContent | undefined {
  const { bundle, phase, since } = state;
  const next = usableNext(state, now);
  const needed = next === undefined ? [signing.cert] : [signing.cert, next.cert];
  const whole = needed.every((certificate) => bundle.includes(certificate));
  // The bundle is damaged: the configuration still knows whom it held.
  const kept = whole ? [] : trustedBy(entries).slice(-mostKept);
  const repaired = whole ? bundle : [...new Set([...kept, ...bundle, ...needed])];
  const proper = next !== undefined ? 'Published' : repaired.length > 1 ? 'Signing' : 'Retired';
  const dated = since !== undefined && since <= now;
  if (whole && proper === phase && dated && next === state.next) return undefined;
  return { signing, next, bundle: repaired, phase: proper };
}

function advance(view: RotationView, signing: Authority): Step {
  const { state, heldFor, now, times } = view;
  const { bundle, phase, since = now, next, rotationAsked } = state;
  if (phase === 'Published' && next !== undefined) {
    const missing = times.propagation - (heldFor ?? 0);
    if (heldFor === undefined || missing > 0) return { kind: 'wait', milliseconds: missing };
    return { kind: 'write', reason: 'signing', content: { signing: next, bundle, phase: 'Signing' } };
  }
  if (phase === 'Signing') {
    // The last leaf of the old CA was signed by a replica that learnt of the new one as late as is allowed.
    const missing = times.leafLifetime + times.propagation - (now.getTime() - since.getTime());
    if (missing > 0) return { kind: 'wait', milliseconds: missing };
    const content: CaContent = { signing, bundle: [signing.cert], phase: 'Retired' };
    return { kind: 'write', reason: 'retired', content };
  }
  const due = rotationAsked ? 0 : rotationTime(signing, times) - now.getTime();
  if (due > 0) return { kind: 'wait', milliseconds: due };
  return {
    kind: 'authority',
    reason: 'rotation',
    with: (made) => ({
      signing,
      next: made,
      bundle: [...bundle, made.cert],
      phase: 'Published',
      rotationGranted: true,
    }),
  };
}

/** With a third of its life left. */
function rotationTime({ notAfter }: Authority, { caLifetime }: CertificateTimes): number {
  return notAfter.getTime() - caLifetime / 3;
}

function usable(authority: Authority | undefined, now: Date): Authority | undefined {
  return authority !== undefined && isValid(authority, now) ? authority : undefined;
}

function usableNext({ signing, next }: CaState, now: Date): Authority | undefined {
  return next?.cert === signing?.cert ? undefined : usable(next, now);
}

function certificatesOf({ bundle, signing, next }: CaState): readonly string[] {
  return [...bundle, ...[signing, next].flatMap((pair) => (pair === undefined ? [] : [pair.cert]))];
}

function trustedBy(entries: RotationView['entries']): readonly string[] {
  return entries.flatMap(({ certificates }) => certificates);
}
