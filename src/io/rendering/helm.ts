import { type Rendering, type RenderingFailure, render } from './renderer.ts';

/** A chart, and what `helm template` is told of it. */
export interface HelmRequest {
  readonly chart: string;
  readonly namespace: string;
  /** Files. */
  readonly values: readonly string[];
  /** `key=value`. */
  readonly set: readonly string[];
  readonly releaseName?: string | undefined;
  readonly kubeVersion?: string | undefined;
}

/** Renders a chart as it would be installed, without a cluster. */
export async function renderChart(request: HelmRequest): Promise<Rendering | RenderingFailure> {
  const problem = 'helm is not on the PATH: install it, or render elsewhere: helm template CHART | sekisho check - …';
  return (await render({ program: 'helm', args: helmArguments(request) })) ?? { problem, remarks: [] };
}

function helmArguments({ chart, namespace, values, set, releaseName, kubeVersion }: HelmRequest): readonly string[] {
  return [
    'template',
    '--namespace',
    namespace,
    ...values.flatMap((file) => ['--values', file]),
    ...set.flatMap((assignment) => ['--set', assignment]),
    ...(kubeVersion === undefined ? [] : ['--kube-version', kubeVersion]),
    // Whatever follows is no option, however it begins.
    '--',
    ...(releaseName === undefined ? [] : [releaseName]),
    chart,
  ];
}
