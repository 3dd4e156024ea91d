import { readFile, writeFile } from 'node:fs/promises';
import type { Part } from './part.ts';

/** Puts a part's chapter into the report, in the place of what an earlier run wrote there, or at the end. */
export async function writeChapter(file: string, { title, text }: Part): Promise<void> {
  const chapters = (await readFile(file, 'utf8').catch(() => '')).split(/^(?=# )/m).filter((chapter) => chapter !== '');
  const place = chapters.findIndex((chapter) => chapter.startsWith(`# ${title}\n`));
  const written = `${text.trimEnd()}\n`;
  const all = place < 0 ? [...chapters, written] : chapters.with(place, written);
  await writeFile(
    file,
    all
      .map((chapter) => chapter.trimEnd())
      .join('\n\n')
      .concat('\n'),
  );
}
