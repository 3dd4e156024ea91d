import type { Part, Setting } from './part.ts';

export async function measureLatency(_setting: Setting): Promise<Part> {
  throw new Error('not yet');
}
