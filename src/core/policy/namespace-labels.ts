import { type PolicyVersion, parsePolicyVersion } from '../pod/version.ts';
import { type Mode, modes } from './mode.ts';
import { type Level, levels } from './pod-policy.ts';

/** A level of the Pod Security Standards at one version: upstream's LevelVersion. */
export interface Standard {
  readonly level: Level;
  readonly version: PolicyVersion;
}

/** What is asked in each mode: upstream's Policy. */
export type Standards = Readonly<Record<Mode, Standard>>;

/** The labels `pod-security.kubernetes.io/*` of a namespace, as far as they mean anything. */
export interface PodSecurityLabels {
  readonly levels: Readonly<Partial<Record<Mode, Level | 'unreadable'>>>;
  readonly versions: Readonly<Partial<Record<Mode, PolicyVersion>>>;
  /** Equal for labels that mean the same; empty where there are none. */
  readonly key: string;
}

const labelOf: Readonly<Record<Mode, string>> = {
  Enforce: 'pod-security.kubernetes.io/enforce',
  Warn: 'pod-security.kubernetes.io/warn',
  Audit: 'pod-security.kubernetes.io/audit',
};

/** Reads the six labels. A version that is none counts as the latest, as upstream's ParseVersion has it. */
export function readPodSecurityLabels(labels: ReadonlyMap<string, string>): PodSecurityLabels {
  const found: { [M in Mode]?: Level | 'unreadable' } = {};
  const versions: { [M in Mode]?: PolicyVersion } = {};
  let key = '';
  for (const mode of modes) {
    const level = labels.get(labelOf[mode]);
    const version = labels.get(`${labelOf[mode]}-version`);
    if (level !== undefined) found[mode] = levels.find((known) => known === level) ?? 'unreadable';
    if (version !== undefined) versions[mode] = parsePolicyVersion(version) ?? 'latest';
    if (level !== undefined || version !== undefined) key += `${mode} ${found[mode]} ${versions[mode]} `;
  }
  return { levels: found, versions, key };
}

/** What upstream asks where there are no labels: nothing. */
const privileged: Standard = { level: 'privileged', version: 'latest' };
/** What demands nothing in any mode. */
export const noStandards: Standards = { Enforce: privileged, Warn: privileged, Audit: privileged };

/** Upstream's PolicyToEvaluate (api/helpers.go): what the labels leave open is the default's. */
export function standardsOf({ levels: stated, versions }: PodSecurityLabels, defaults: Standards): Standards {
  const of = (mode: Mode, unreadable: Level): Standard => ({
    level: stated[mode] === 'unreadable' ? unreadable : (stated[mode] ?? defaults[mode].level),
    version: versions[mode] ?? defaults[mode].version,
  });
  // Only what denies must not open where somebody mistyped it.
  const Enforce = of('Enforce', 'restricted');
  const Warn = of('Warn', 'privileged');
  const warnFollows =
    stated.Warn === undefined &&
    stated.Enforce !== undefined &&
    stated.Enforce !== 'unreadable' &&
    levels.indexOf(Enforce.level) > levels.indexOf(Warn.level);
  const followed: Standard = { level: Enforce.level, version: versions.Warn ?? Enforce.version };
  return { Enforce, Warn: warnFollows ? followed : Warn, Audit: of('Audit', 'privileged') };
}
