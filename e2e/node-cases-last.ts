import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { needsBuilds } from './build-ahead.ts';

/** Vitest wants a class here. */
export class NodeCasesLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const last = sorted.filter(({ moduleId }) => needsBuilds(moduleId));
    return [...sorted.filter((file) => !last.includes(file)), ...last];
  }
}
