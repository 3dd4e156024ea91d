import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, SekishoError } from '../../core/error.ts';

/** Writes beside the file and renames: whoever reads it sees the old text or the new, never half of one. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(temporary, text, { mode: 0o644 });
    await rename(temporary, file);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw new SekishoError('FileUnreadable', `${file}: cannot be written: ${messageOf(thrown)}`, thrown);
  }
}
