import { statSync } from 'node:fs';
import {
  checkedFiles,
  listManifests,
  type Manifest,
  type ManifestProblem,
  manifestsIn,
  readManifestText,
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
  /** What one of the files holds, as often as somebody looks; a stream is kept. */
  read(file: string): Promise<Iterable<Manifest>>;
  readonly rendered: readonly RenderedInput[];
  readonly problems: readonly ManifestProblem[];
}

/** A chart or a kustomization, which a program of its own makes manifests of. */
export interface RenderedInput {
  readonly name: string;
  /** Renders it, once however often it is asked for. */
  read(): Promise<Iterable<Manifest>>;
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
  try {
    const stats = statSync(path);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    // Whoever lists the files says what is wrong with it.
    return false;
  }
}

function createReader(streams: ReadonlySet<string>): CheckInputs['read'] {
  const kept = new Map<string, Promise<string | ManifestProblem>>();
  return async (file) => {
    const reading = kept.get(file) ?? readManifestText(file);
    if (streams.has(file)) kept.set(file, reading);
    const text = await reading;
    return typeof text === 'string' ? manifestsOf(text, file) : [{ objects: [], problems: [text] }];
  };
}

/** Parsed anew each time, document by document: a text takes a tenth of what it means. */
function manifestsOf(text: string, file: string): Iterable<Manifest> {
  return { [Symbol.iterator]: () => manifestsIn(text, file) };
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
  let rendering: Promise<Rendering | RenderingFailure> | undefined;
  return {
    name,
    async read() {
      rendering ??= render();
      return manifestsOfRendering(name, await rendering);
    },
  };
}

/** Warnings are shown only with what they may have led to: charts are full of them. */
function manifestsOfRendering(file: string, rendering: Rendering | RenderingFailure): Iterable<Manifest> {
  if ('text' in rendering) return manifestsOf(rendering.text, file);
  return [{ objects: [], problems: [{ file, message: rendering.problem, remarks: rendering.remarks }] }];
}
