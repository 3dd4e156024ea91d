/** What a violation leads to: the request is denied, its sender is warned, or it is only recorded. */
export const modes = ['Enforce', 'Warn', 'Audit'] as const;

export type Mode = (typeof modes)[number];

const strictness: Readonly<Record<Mode, number>> = { Enforce: 2, Warn: 1, Audit: 0 };

/** Orders modes, the strictest first. */
export function compareModes(a: Mode, b: Mode): number {
  return strictness[b] - strictness[a];
}

export function isAtLeastAsStrict(mode: Mode, other: Mode): boolean {
  return strictness[mode] >= strictness[other];
}

/** The weaker of two modes: a ceiling, of the installation or of a template, only ever lowers. */
export function weakerMode(a: Mode, b: Mode): Mode {
  return strictness[a] <= strictness[b] ? a : b;
}
