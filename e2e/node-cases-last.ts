import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { startsNode } from './build-ahead.ts';

/** Vitest wants a class here. */
export class NodeCasesLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const last = sorted.filter(({ moduleId }) => startsNode(moduleId));
    return [...sorted.filter((file) => !last.includes(file)), ...last];
  }
}
