import { statSync } from 'node:fs';
import {
  checkedFiles,
  listManifests,
  type Manifest,
  type ManifestProblem,
  manifestOf,
  readManifest,
  standardInput,
} from '../io/files/manifests.ts';
import { renderChart } from '../io/rendering/helm.ts';
import { renderKustomization } from '../io/rendering/kustomize.ts';
import type { Rendering, RenderingFailure } from '../io/rendering/renderer.ts';
import type { CheckOptions } from './check.ts';

/** What there is to check. */
export interface CheckInputs {
  readonly files: readonly string[];
  /** Those of the files that can be read only once: standard input, and what a shell puts in the place of a file. */
  readonly streams: ReadonlySet<string>;
  /** Of one of the files; a stream is kept. */
  read(file: string): Promise<Manifest>;
  readonly rendered: readonly RenderedInput[];
  readonly problems: readonly ManifestProblem[];
}

/** A chart or a kustomization, which a program of its own makes manifests of. */
export interface RenderedInput {
  readonly name: string;
  /** Renders it, once however often it is asked for. */
  read(): Promise<Manifest>;
}

export function findInputs(paths: readonly string[], options: CheckOptions): CheckInputs {
  const streams = new Set(paths.filter(isStream));
  return {
    ...listManifests(paths, checkedFiles),
    streams,
    read: createReader(streams),
    rendered: findRendered(options),
  };
}

function isStream(path: string): boolean {
  if (path === standardInput) return true;
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

function createReader(streams: ReadonlySet<string>): (file: string) => Promise<Manifest> {
  const kept = new Map<string, Promise<Manifest>>();
  return (file) => {
    if (!streams.has(file)) return readManifest(file);
    const manifest = kept.get(file) ?? readManifest(file);
    kept.set(file, manifest);
    return manifest;
  };
}

function findRendered({ helm = [], kustomize = [], ...options }: CheckOptions): readonly RenderedInput[] {
  const { namespace, values = [], set = [], releaseName, kubeVersion } = options;
  return [
    ...helm.map((chart) =>
      renderedInput(chart, () => renderChart({ chart, namespace, values, set, releaseName, kubeVersion })),
    ),
    ...kustomize.map((folder) => renderedInput(folder, () => renderKustomization(folder))),
  ];
}

function renderedInput(name: string, render: () => Promise<Rendering | RenderingFailure>): RenderedInput {
  let manifest: Promise<Manifest> | undefined;
  return {
    name,
    read() {
      manifest ??= render().then((rendering) => manifestOfRendering(name, rendering));
      return manifest;
    },
  };
}

/** Warnings are shown only with what they may have led to: charts are full of them. */
function manifestOfRendering(file: string, rendering: Rendering | RenderingFailure): Manifest {
  if ('text' in rendering) return manifestOf(rendering.text, file);
  return { objects: [], problems: [{ file, message: rendering.problem, remarks: rendering.remarks }] };
}
