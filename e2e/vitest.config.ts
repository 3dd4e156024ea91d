import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { NodeCasesLast } from './node-cases-last.ts';

// CI counts tests from this report; see .ci/run.
const report = process.env['SEKISHO_TEST_REPORT'];

export default defineConfig({
  test: {
    root: join(import.meta.dirname, '..'),
    include: ['e2e/cases/**/*.test.ts'],
    globalSetup: ['e2e/global-setup.ts'],
    pool: 'forks',
    fileParallelism: false, // one API server, two cores
    sequence: { sequencer: NodeCasesLast },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ['default'] : ['default', 'json'],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
  },
});
