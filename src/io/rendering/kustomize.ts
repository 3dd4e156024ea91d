import { type Rendering, type RenderingFailure, render } from './renderer.ts';

/** Builds a kustomization by whichever program is there: the same code is in both. */
export async function renderKustomization(folder: string): Promise<Rendering | RenderingFailure> {
  const problem =
    'neither kustomize nor kubectl is on the PATH: install one, or render elsewhere: kustomize build FOLDER | sekisho check - …';
  return (
    (await render({ program: 'kustomize', args: ['build', '--', folder] })) ??
    (await render({ program: 'kubectl', args: ['kustomize', '--', folder] })) ?? { problem, remarks: [] }
  );
}
