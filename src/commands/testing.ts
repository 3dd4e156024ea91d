import { resolve } from 'node:path';
import { compare } from '../core/engine/expectation.ts';
import { type Judgement, judge } from '../core/engine/judge.ts';
import { SekishoError } from '../core/error.ts';
import type { ObjectReference } from '../core/pod/pod-view.ts';
import { createWorkloads, type Workloads } from '../core/pod/workloads.ts';
import { builtinPrefix } from '../core/policy/builtin-policies.ts';
import { createNamespaces, type NamespaceSource } from '../core/policy/namespace.ts';
import { createPolicySet, type PolicySet } from '../core/policy/policy-set.ts';
import { renderJson } from '../core/render/json.ts';
import {
  problemLines,
  summarizeTests,
  type TestedCase,
  type TestedFile,
  type TestOutcome,
  toTestResult,
  wordsOf,
} from '../core/render/test-result.ts';
import { readPolicies } from '../io/files/policies.ts';
import {
  createManifestReader,
  listTestFiles,
  type ReadyCase,
  type ReadyTest,
  readTestFile,
  type TestFile,
} from '../io/files/policy-tests.ts';
import { offline } from '../io/offline.ts';
import { wantsColor, writeOutput } from '../io/output.ts';
import { warnOfIdleExceptions } from './idle-exceptions.ts';
import { readSettings } from './settings.ts';
import type { TestOptions } from './test.ts';

/** Runs an operator's own tests and prints what came of them. Returns the exit status. */
export async function test(paths: readonly string[], options: TestOptions): Promise<number> {
  const { workloadKinds } = await readSettings(options.config);
  const outcome = await runTests(paths, createWorkloads(workloadKinds));
  for (const { problems } of outcome) for (const problem of problems) complain(problem);
  await writeOutput(await render(outcome, options));
  return exitStatus(outcome);
}

/** What was not run may be what fails, so that comes first; a failure is surer than a question. */
function exitStatus(outcome: TestOutcome): number {
  const { unreadable, failed, undecided } = summarizeTests(outcome);
  if (unreadable > 0) return 2;
  if (failed > 0) return 1;
  return undecided > 0 ? 3 : 0;
}

async function render(outcome: TestOutcome, { output, lang }: TestOptions): Promise<string> {
  if (output === 'json') return renderJson(toTestResult(outcome, lang));
  if (output === 'junit') return (await import('../core/render/junit.ts')).renderJunit(outcome, lang);
  const { renderTestTable } = await import('../core/render/test-table.ts');
  return renderTestTable(outcome, { locale: lang, color: wantsColor() });
}

function complain(message: string): void {
  for (const line of problemLines(message)) process.stderr.write(`sekisho: ${line}\n`);
}

async function runTests(paths: readonly string[], workloads: Workloads): Promise<TestOutcome> {
  const { files, problems } = listTestFiles(paths);
  const outcome: TestedFile[] = problems.map(({ file, message }) => ({ file, cases: [], problems: [message] }));
  const read = createManifestReader();
  const policiesOf = createPolicyReader();
  for (const file of files)
    outcome.push(await runFile(file, await readTestFile(file, { read, workloads }), policiesOf));
  return outcome;
}

type PolicyReader = (sources: readonly string[]) => Promise<PolicySet>;

/** Many tests of a folder have the same policies: those are read, and warned of, once. No ceiling, as in `check`. */
function createPolicyReader(): PolicyReader {
  const known = new Map<string, Promise<PolicySet>>();
  const warn = (message: string): void => complain(`warning: ${message}`);
  return (sources) => {
    const places = sources.map((source) => (source.startsWith(builtinPrefix) ? source : resolve(source)));
    const key = JSON.stringify(places);
    const set =
      known.get(key) ??
      readPolicies(sources, warn).then((objects) => {
        warnOfIdleExceptions(objects, warn);
        return createPolicySet({ ...objects, ceiling: 'Enforce' });
      });
    known.set(key, set);
    return set;
  };
}

async function runFile(file: string, { tests, problems }: TestFile, policiesOf: PolicyReader): Promise<TestedFile> {
  const cases: TestedCase[] = [];
  const broken = problems.map(({ message }) => message);
  for (const test of tests) {
    try {
      const policies = await policiesOf(test.policies);
      const idle = new Set(policies.policies.map(({ metadata }) => metadata.name));
      for (const ready of test.cases) {
        const { judgement, tested } = await runCase(ready, policies);
        for (const { policy } of judgement.asked.rules) idle.delete(policy);
        cases.push(tested);
      }
      if (problems.length === 0) warnOfIdlePolicies(test, idle);
    } catch (thrown) {
      if (!(thrown instanceof SekishoError)) throw thrown;
      broken.push(`${test.locate(['policies'])}: policies: ${thrown.message}`);
    }
  }
  return { file, cases, problems: broken };
}

async function runCase(
  { test, position, object, workload, oldObject }: ReadyCase,
  policies: PolicySet,
): Promise<{ readonly judgement: Judgement; readonly tested: TestedCase }> {
  const reference = referenceOf({ test, object });
  const replaced = oldObject === undefined ? {} : { oldObject: oldObject.value };
  const user = test.user === undefined ? {} : { user: test.user };
  const applied = { object: object.value, workload, reference, ...replaced, ...user };
  const judgement = await judge(applied, { policies, ...offline, namespaces: namespacesOf(test, reference) });
  const { decision } = judgement;
  const comparison = compare(decision, test.expect, wordsOf);
  const tested = { name: test.name, ...position, reference, expect: test.expect, decision, comparison };
  return { judgement, tested };
}

/** A case knows one namespace at most, and its labels only where it states them. */
function namespacesOf({ namespaceLabels }: ReadyCase['test'], { namespace }: ObjectReference): NamespaceSource {
  if (namespaceLabels === undefined) return offline.namespaces;
  return createNamespaces(new Map([[namespace, new Map(Object.entries(namespaceLabels))]]));
}

/** A case's namespace comes before the object's own: one manifest can be tried in several. */
function referenceOf({ test, object }: Pick<ReadyCase, 'test' | 'object'>): ObjectReference {
  const { apiVersion, kind, name } = object;
  return { apiVersion, kind, name, namespace: test.namespace ?? (object.namespace || 'default') };
}

/** A policy that has no say in any case is not tested, however green the cases are. */
function warnOfIdlePolicies({ locate }: ReadyTest, idle: ReadonlySet<string>): void {
  for (const name of idle)
    complain(`warning: ${locate(['policies'])}: the policy ${name} has a say in none of the cases`);
}
