import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, SekishoError } from '../../core/error.ts';
import type { FieldPath } from '../../core/pod/field-path.ts';
import { isChartTemplate } from './chart-template.ts';
import { collectObjects, type ManifestObject } from './manifest-objects.ts';
import { decode, type ManifestProblem, parseManifest, unreadable } from './manifests.ts';
import { createPositions, type Position } from './source-document.ts';

/** A manifest that may be written again: what it holds, and all that it takes to know it later. */
export interface EditableFile {
  readonly file: string;
  readonly text: string;
  readonly documents: readonly EditableDocument[];
  readonly problems: readonly ManifestProblem[];
  /** The text as it stands on the disk. */
  readonly bytes: Buffer;
}

/** One document of it. */
export interface EditableDocument {
  readonly value: unknown;
  readonly objects: readonly ManifestObject[];
  position(path: FieldPath): Position;
}

/** Reads one file. What is broken in it becomes a problem. */
export function readEditableFile(file: string): EditableFile {
  try {
    const bytes = readFileSync(file);
    const text = decode(bytes);
    if (isChartTemplate(file, text)) return { ...unread(file, chartTemplate), bytes };
    return { ...parseEditable(text, file), bytes };
  } catch (thrown) {
    return { ...unread(file, unreadable(thrown)), bytes: Buffer.alloc(0) };
  }
}

const chartTemplate =
  'is a template of a Helm chart, which only Helm can read: edit it by hand, and check what it renders';

function unread(file: string, message: string): Omit<EditableFile, 'bytes'> {
  return { file, text: '', documents: [], problems: [{ file, message }] };
}

/** What the file would hold with another text. */
export function parseEditable(text: string, file: string): Omit<EditableFile, 'bytes'> {
  const positionOf = createPositions(text);
  const source = parseManifest(text, file);
  const problems: ManifestProblem[] = source.problems.map(({ offset, message }) => {
    return { file, position: positionOf(offset), message };
  });
  const documents = source.documents.map(({ value, locate }): EditableDocument => {
    const position = (path: FieldPath): Position => positionOf(locate(path));
    const objects: ManifestObject[] = [];
    const broken = (path: FieldPath, message: string): void => {
      problems.push({ file, position: position(path), message });
    };
    collectObjects(value, { objects, position, broken });
    return { value, objects, position };
  });
  return { file, text, documents, problems };
}

const byteOrderMark = '\ufeff';

/**
 * Writes another text: beside the file and renamed, so that there is never half of one, into what a link leads to, with the
 * mode it had. Throws where the file is no longer what was read, and leaves it alone.
 */
export function writeEdited({ file, bytes }: EditableFile, text: string): void {
  const marked = bytes.subarray(0, 3).toString('utf8') === byteOrderMark;
  let temporary: string | undefined;
  try {
    const target = realpathSync(file);
    // A rename would get past what the file's mode says.
    accessSync(target, constants.W_OK);
    if (!statSync(target).isFile()) throw new SekishoError('FileUnreadable', 'it is no regular file');
    temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    writeBeside(temporary, { text: marked ? byteOrderMark + text : text, like: target });
    if (!readFileSync(target).equals(bytes)) throw new SekishoError('FileUnreadable', 'it was changed meanwhile');
    renameSync(temporary, target);
  } catch (thrown) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw new SekishoError('FileUnreadable', `cannot be written: ${messageOf(thrown)}`, thrown);
  }
}

/** On the disk before the rename is, or a crash could leave an empty file. */
function writeBeside(temporary: string, { text, like }: { readonly text: string; readonly like: string }): void {
  const { mode, uid, gid } = statSync(like);
  const descriptor = openSync(temporary, 'wx', mode);
  try {
    fchmodSync(descriptor, mode & 0o7777);
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  // Only root can give a file away; it must not take it.
  if (process.getuid?.() === 0) chownSync(temporary, uid, gid);
}
