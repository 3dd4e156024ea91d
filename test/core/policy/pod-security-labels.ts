/*
 * Upstream's PolicyToEvaluate (k8s.io/pod-security-admission v0.37.1, api/helpers.go), transcribed line by line and
 * apart from the code under test. Versions are compared as texts.
 */

export interface LevelVersion {
  level: string;
  version: string;
}

export interface UpstreamPolicy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
}

const prefix = 'pod-security.kubernetes.io/';
const order = ['privileged', 'baseline', 'restricted'];

function parseLevel(level: string): [string, boolean] {
  return order.includes(level) ? [level, true] : ['restricted', false];
}

function parseVersion(version: string): string {
  return /^v1\.([0-9]|[1-9][0-9]*)$/.test(version) ? version : 'latest';
}

export function policyToEvaluate(labels: Readonly<Record<string, string>>, defaults: UpstreamPolicy): UpstreamPolicy {
  const p: UpstreamPolicy = {
    enforce: { ...defaults.enforce },
    audit: { ...defaults.audit },
    warn: { ...defaults.warn },
  };
  let hasEnforceLevel = false;
  let hasWarnLevel = false;
  let hasWarnVersion = false;
  const get = (name: string): string | undefined =>
    Object.hasOwn(labels, prefix + name) ? labels[prefix + name] : undefined;

  const enforce = get('enforce');
  if (enforce !== undefined) [p.enforce.level, hasEnforceLevel] = parseLevel(enforce);
  const enforceVersion = get('enforce-version');
  if (enforceVersion !== undefined) p.enforce.version = parseVersion(enforceVersion);

  const audit = get('audit');
  if (audit !== undefined) {
    const [level, ok] = parseLevel(audit);
    p.audit.level = ok ? level : 'privileged';
  }
  const auditVersion = get('audit-version');
  if (auditVersion !== undefined) p.audit.version = parseVersion(auditVersion);

  const warn = get('warn');
  if (warn !== undefined) {
    hasWarnLevel = true;
    const [level, ok] = parseLevel(warn);
    p.warn.level = ok ? level : 'privileged';
  }
  const warnVersion = get('warn-version');
  if (warnVersion !== undefined) {
    hasWarnVersion = true;
    p.warn.version = parseVersion(warnVersion);
  }

  if (!hasWarnLevel && hasEnforceLevel && order.indexOf(p.enforce.level) > order.indexOf(p.warn.level)) {
    p.warn.level = p.enforce.level;
    if (!hasWarnVersion) p.warn.version = p.enforce.version;
  }
  return p;
}

const levelValues = [undefined, 'privileged', 'baseline', 'restricted', 'Restricted'] as const;
const versionValues = [undefined, 'v1.24', 'v1.34', 'v1.37', 'latest', 'v1.034'] as const;

/** What the two labels of a mode may be: absent, one of the levels and versions, or unreadable. */
export const pairs: readonly (readonly [string | undefined, string | undefined])[] = levelValues.flatMap((level) =>
  versionValues.map((version) => [level, version] as const),
);

/** Labels from the pair of each mode. */
export function labelsOf(
  enforce: (typeof pairs)[number],
  audit: (typeof pairs)[number],
  warn: (typeof pairs)[number],
): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const [mode, [level, version]] of Object.entries({ enforce, audit, warn })) {
    if (level !== undefined) labels[prefix + mode] = level;
    if (version !== undefined) labels[`${prefix}${mode}-version`] = version;
  }
  return labels;
}
