import { defineConfig } from 'vitest/config';

// CI counts tests from this report; see .ci/run.
const report = process.env['SEKISHO_TEST_REPORT'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    reporters: report === undefined ? ['default'] : ['default', 'json'],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
  },
});
