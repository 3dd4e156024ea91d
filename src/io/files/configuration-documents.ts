import { readFile } from 'node:fs/promises';
import { messageOf, SekishoError } from '../../core/error.ts';
import type { FieldPath } from '../../core/pod/field-path.ts';
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

/**
 * Reads every document of a file, as kubectl would. Unlike a manifest that is only checked, a configuration that is
 * broken anywhere is not read at all: throws, naming file, line and column.
 */
export async function readConfiguration(file: string): Promise<readonly ConfigurationDocument[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SekishoError('FileUnreadable', `${file}: cannot be read: ${messageOf(cause)}`, cause);
  });
  const { documents, problems } = parseManifest(text, file);
  const positionOf = createPositions(text);
  const at = (offset: number): string => {
    const { line, column } = positionOf(offset);
    return `${file}:${line}:${column}`;
  };
  const [problem] = problems;
  if (problem !== undefined) throw new SekishoError('ManifestInvalid', `${at(problem.offset)}: ${problem.message}`);
  return documents.map(({ value, locate }) => ({
    value,
    locate: (path) => at(locate(path)),
    positionOf: (path) => positionOf(locate(path)),
  }));
}
