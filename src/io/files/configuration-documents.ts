import { readFile } from 'node:fs/promises';
import { SekishoError } from '../../core/error.ts';
import { type FieldPath, formatFieldPath } from '../../core/pod/field-path.ts';
import type { DocumentIssue } from '../../core/policy/pod-policy.ts';
import { unreadable } from '../file-poll.ts';
import { parseManifest } from './manifests.ts';
import { createPositions, type Position } from './source-document.ts';

/** One document of a file of policies or settings, and where its fields stand. */
export interface ConfigurationDocument {
  readonly value: unknown;
  /** `file:line:column` of a field; of its nearest parent where there is none. */
  locate(path: FieldPath): string;
  /** The same as numbers. */
  positionOf(path: FieldPath): Position;
}

/** What is wrong with a field, on one line that begins with its place. */
export function formatIssue(
  { locate }: Pick<ConfigurationDocument, 'locate'>,
  { path, message }: DocumentIssue,
): string {
  return `${locate(path)}: ${path.length === 0 ? 'the document' : formatFieldPath(path)}: ${message}`;
}

/** What a file was found to hold, and the first thing that keeps the rest of it from being read. */
export interface ConfigurationFile {
  readonly documents: readonly ConfigurationDocument[];
  readonly problem?: SekishoError<'ManifestInvalid'>;
}

/**
 * Reads every document of a file, as kubectl would. Unlike a manifest that is only checked, a configuration that is
 * broken anywhere is not read at all: throws, naming file, line and column.
 */
export async function readConfiguration(file: string): Promise<readonly ConfigurationDocument[]> {
  const { documents, problem } = await readConfigurationFile(file);
  if (problem !== undefined) throw problem;
  return documents;
}

/** Reads what can be read of a file, which may stand elsewhere (`from`) than where people know it. */
export async function readConfigurationFile(file: string, from = file): Promise<ConfigurationFile> {
  const text = await readFile(from, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  const source = parseManifest(text, file);
  const positionOf = createPositions(text);
  const at = (offset: number): string => {
    const { line, column } = positionOf(offset);
    return `${file}:${line}:${column}`;
  };
  const documents = source.documents.map(
    ({ value, locate }): ConfigurationDocument => ({
      value,
      locate: (path) => at(locate(path)),
      positionOf: (path) => positionOf(locate(path)),
    }),
  );
  const [problem] = source.problems;
  if (problem === undefined) return { documents };
  return { documents, problem: new SekishoError('ManifestInvalid', `${at(problem.offset)}: ${problem.message}`) };
}
