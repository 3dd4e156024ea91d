import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../drivers/cluster.ts';
import { type Outcome, runProgram } from '../drivers/program.ts';
import { sharedCluster } from './case.ts';
import { helmProgram } from './helm-program.ts';

export const chartFolder = join(import.meta.dirname, '../../charts/sekisho');

export interface HelmOptions {
  readonly stdin?: string;
  /** Asked as the administrator; without one helm only renders. */
  readonly cluster?: Cluster;
  readonly timeoutMs?: number;
}

/** Runs helm with folders and KUBECONFIG of its own, never somebody's. Never throws for its exit code. */
export async function helm(args: readonly string[], options: HelmOptions = {}): Promise<Outcome> {
  const { stdin = '', cluster, timeoutMs = 120_000 } = options;
  const home = join((cluster ?? sharedCluster()).folder, 'helm');
  const env = {
    ...(cluster?.kubectlEnv ?? { PATH: process.env['PATH'] }),
    HOME: home,
    KUBECONFIG: cluster?.access.administrator.kubeconfig ?? '/dev/null',
  };
  return runProgram(await helmProgram(), args, { env, stdin, timeoutMs });
}

/** For steps that are not what the case is about: what helm printed, or an error that says what went wrong. */
export async function helmOutput(args: readonly string[], options: HelmOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await helm(args, options);
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return stdout;
}

/** What to render: with the defaults the release `sekisho` in the namespace `sekisho`. */
export interface Rendering {
  readonly release?: string;
  readonly namespace?: string;
  /** A file of ci/, by its name. */
  readonly variant?: string;
  /** Values over it. */
  readonly values?: object;
  readonly args?: readonly string[];
}

/** `helm template` of the chart. Never throws for its exit code. */
export function helmTemplate(rendering: Rendering = {}): Promise<Outcome> {
  const { release = 'sekisho', namespace = 'sekisho', variant, values = {}, args = [] } = rendering;
  const files = variant === undefined ? [] : ['--values', join(chartFolder, 'ci', variant)];
  const command = ['template', release, chartFolder, '--namespace', namespace, ...files, '--values', '-', ...args];
  return helm(command, { stdin: JSON.stringify(values) });
}

/** An object as the chart renders it. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Every object of a rendering, hooks too, or an error that says what helm refused. */
export async function renderObjects(rendering: Rendering = {}): Promise<readonly RenderedObject[]> {
  const { code, stdout, stderr } = await helmTemplate(rendering);
  if (code !== 0) throw new Error(`helm template: exit code ${code}\n${stderr}`);
  return parseObjects(stdout);
}

export function parseObjects(text: string): readonly RenderedObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.contents === null ? [] : [document.toJS() as RenderedObject];
  });
}

export function findObject(objects: readonly RenderedObject[], kind: string, name: string): RenderedObject {
  const object = objects.find((each) => each.kind === kind && each.metadata.name === name);
  if (object === undefined) throw new Error(`the chart renders no ${kind} ${name}`);
  return object;
}

export function asList(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** The pod of a Deployment, a Job, or a Pod itself; undefined for everything else. */
export function podOf(object: RenderedObject): PodTemplate | undefined {
  if (object.kind === 'Pod') return object as unknown as PodTemplate;
  if (object.kind !== 'Deployment' && object.kind !== 'Job') return undefined;
  return (object['spec'] as { readonly template: PodTemplate }).template;
}

export interface PodTemplate {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly automountServiceAccountToken: boolean;
    readonly terminationGracePeriodSeconds?: number;
    readonly containers: readonly { readonly name: string; readonly image: string; readonly args: readonly string[] }[];
  };
}
