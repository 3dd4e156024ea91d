import {
  checkedFiles,
  listManifests,
  type Manifest,
  type ManifestProblem,
  readManifest,
  standardInput,
} from '../io/files/manifests.ts';
import type { CheckOptions } from './check.ts';

/** What there is to check. */
export interface CheckInputs {
  readonly files: readonly string[];
  /** Of one of the files. */
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

export function findInputs(paths: readonly string[], _options: CheckOptions): CheckInputs {
  return { ...listManifests(paths, checkedFiles), read: createReader(), rendered: [] };
}

/** Standard input can be read only once. */
function createReader(): (file: string) => Promise<Manifest> {
  let input: Promise<Manifest> | undefined;
  return (file) => {
    if (file !== standardInput) return readManifest(file);
    input ??= readManifest(file);
    return input;
  };
}
