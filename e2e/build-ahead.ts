import { readFileSync } from 'node:fs';
import { goTools } from './drivers/go-tools.ts';
import { buildPauseImage, buildSekishoImage } from './image/build.ts';

/**
 * Whether the cases of a file run pods, or measure what builds beside them would spoil. They come last, so that what a
 * node needs can be built until then.
 */
export function needsBuilds(caseFile: string): boolean {
  return /\bstartNode\(|\bbuildAhead\b/.test(readFileSync(caseFile, 'utf8'));
}

/** Builds in the background what the last cases need; a case that comes too early waits for it. */
export async function buildAhead(): Promise<void> {
  try {
    await goTools('node');
    await goTools('helm');
    await buildPauseImage();
    await buildSekishoImage();
  } catch {
    // The case that needs it tries again, and says why it cannot be had.
  }
}
