import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PodView } from '../../../src/core/pod/pod-view.ts';
import { effectiveMinor, parsePolicyVersion } from '../../../src/core/pod/version.ts';
import { podViewOf, workloadOfKind } from '../../../src/core/pod/workload.ts';
import { noFacts } from '../../../src/core/rules/facts.ts';
import { podSecurityRules } from '../../../src/core/rules/index.ts';
import { type RuleVersion, ruleVersionAt, violationsOf } from '../../../src/core/rules/rule.ts';

/** Verdicts of upstream's own code, see the README beside them. They belong to no repository: a clone may lack them. */
const folder = join(import.meta.dirname, '../../../../shared/conformance');

interface ReferencePod {
  readonly name: string;
  readonly pod: unknown;
  readonly cases: readonly { readonly level: string; readonly version: string; readonly allowed: boolean }[];
}

interface Outcome {
  readonly cases: number;
  readonly disagreements: readonly string[];
}

const asked = new Map<string, readonly RuleVersion[]>();

/** What upstream asks at a level and version: the restricted level adds its checks and drops those they override. */
function revisionsAt(level: string, version: string): readonly RuleVersion[] {
  const key = `${level}:${version}`;
  const known = asked.get(key);
  if (known !== undefined) return known;
  const parsed = parsePolicyVersion(version);
  if (parsed === undefined) throw new Error(`the version ${version} of the reference cases cannot be read`);
  const revisions = new Map<string, RuleVersion>();
  for (const rule of podSecurityRules) {
    const revision = ruleVersionAt(rule, effectiveMinor(parsed));
    if (revision !== undefined && (rule.level === 'baseline' || level === 'restricted')) {
      revisions.set(rule.id, revision);
    }
  }
  for (const id of [...revisions.values()].flatMap((revision) => revision.overrides ?? [])) revisions.delete(id);
  asked.set(key, [...revisions.values()]);
  return [...revisions.values()];
}

function viewOf(pod: unknown, name: string): PodView {
  const workload = workloadOfKind('v1', 'Pod');
  const view = workload && podViewOf(pod, workload, { apiVersion: 'v1', kind: 'Pod', namespace: '', name });
  if (view === undefined) throw new Error(`${name} is no pod`);
  return view;
}

function compare(file: string): Outcome {
  let cases = 0;
  const disagreements: string[] = [];
  for (const line of readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')) {
    const reference = JSON.parse(line) as ReferencePod;
    const view = viewOf(reference.pod, reference.name);
    for (const { level, version, allowed } of reference.cases) {
      cases++;
      const question = { pod: view, params: {}, facts: noFacts };
      const ours = revisionsAt(level, version).every((revision) => violationsOf(revision, question).length === 0);
      if (ours !== allowed) disagreements.push(`${reference.name} ${level} ${version}: upstream says ${allowed}`);
    }
  }
  return { cases, disagreements };
}

const present = existsSync(folder);
if (!present) console.log('conformance: SKIPPED (../shared/conformance is absent)');

test.skipIf(!present)('the Pod Security rules give the verdicts of upstream for every reference case', () => {
  const fixtures = compare('pod-security.ndjson');
  const random = compare('pod-security-random.ndjson');
  const agreeing = ({ cases, disagreements }: Outcome) => `${cases - disagreements.length} of ${cases}`;
  console.log(`conformance: ${agreeing(fixtures)} fixtures, ${agreeing(random)} random cases agree`);
  expect([...fixtures.disagreements, ...random.disagreements]).toEqual([]);
  // A truncated file must not pass for a good one.
  expect([fixtures.cases, random.cases]).toEqual([4_537, 13_000]);
});
